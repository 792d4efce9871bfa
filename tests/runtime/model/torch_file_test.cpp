// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/torch_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>
#include <random>

#include "memory_file.h"
#include "model/torch_pickle.h"
#include "model/weights.h"
#include "model_formats.h"

namespace npuwhisper {
namespace {

using test::zip_file;

Error error_of(std::string_view bytes) {
  const test::MemoryFile memory(bytes);
  const auto file = RegularFile::open(memory.path());
  if (!file) return file.error();
  TensorIndex index;
  const auto dims = index_torch_file(*file, 0, index);
  return dims ? Error{ErrorCode::Cancelled, "no error"} : dims.error();
}

std::vector<float> numbers(int first, int n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), static_cast<float>(first));
  return values;
}

/// The file was written by PyTorch (tests/golden/make_checkpoint.py).
TEST(TorchFile, ReadsAFileOfPyTorch) {
  auto file = ModelFile::open(std::filesystem::path(NPUWHISPER_GOLDEN_DIR) / "checkpoint.pt");
  ASSERT_TRUE(file) << file.error().message;
  TensorIndex index;
  const auto dims = index_torch_file(file->file, 0, index);
  ASSERT_TRUE(dims) << dims.error().message;
  EXPECT_EQ(dims->at("n_audio_head"), 8);
  EXPECT_EQ(dims->at("n_text_head"), -1);
  std::vector<ModelFile> files;
  files.push_back(std::move(*file));
  const Weights weights(std::move(files), index_of(index));

  struct Wanted {
    StoredType type;
    std::vector<std::int64_t> dims;
    std::vector<float> values;
  };
  const std::map<std::string, Wanted> wanted = {
      {"single", {StoredType::F32, {2, 3}, numbers(0, 6)}},
      {"half", {StoredType::F16, {3, 2}, numbers(0, 6)}},
      {"brain", {StoredType::Bf16, {4}, numbers(0, 4)}},
      {"scalar", {StoredType::F32, {}, {3.0F}}},
      {"parameter", {StoredType::F32, {2}, numbers(0, 2)}},
      {"view", {StoredType::F32, {2, 2}, numbers(4, 4)}},
      {"shared", {StoredType::F32, {12}, numbers(0, 12)}},
  };
  EXPECT_EQ(index.size(), wanted.size());
  for (const auto& [name, tensor] : wanted) {
    const Variable* const variable = weights.find(name);
    ASSERT_TRUE(variable) << name;
    EXPECT_EQ(variable->type, tensor.type) << name;
    EXPECT_EQ(variable->dims, tensor.dims) << name;
    const auto values = weights.read(*variable);
    ASSERT_TRUE(values) << values.error().message;
    EXPECT_EQ(*values, tensor.values) << name;
  }
}

TEST(TorchFile, SaysWhatIsMissing) {
  const auto archive = [](const std::string& pickle, const std::string& order = "little") {
    return zip_file({{.name = "m/data.pkl", .data = pickle},
                     {.name = "m/byteorder", .data = order},
                     {.name = "m/data/0", .data = std::string(8, '\0')}});
  };
  /// Returns the pickle of a state dictionary with one f32 tensor in `storage`.
  const auto one = [](const std::string& storage, const std::string& first,
                      const std::string& sizes) {
    const auto text = [](const std::string& t) {
      return "X" + std::string(1, static_cast<char>(t.size())) + std::string(3, '\0') + t;
    };
    return "\x80\x02}" + text("x") + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") +
           "ctorch\nFloatStorage\n" + text(storage) + text("cpu") + "K\x02tQ" + first + sizes +
           "\x89)tRs.";
  };
  EXPECT_EQ(error_of(archive(one("0", "K\x01", "K\x01\x85K\x01\x85"))).message, "no error");
  const std::array<std::tuple<std::string, ErrorCode, std::string>, 9> cases = {{
      {zip_file({{.name = "m/version", .data = "3"}}), ErrorCode::Unsupported, "without data.pkl"},
      {archive("\x80\x02}.", "big"), ErrorCode::Unsupported, "found 'big', wanted 'little'"},
      {archive(std::string((1 << 20) + 1, ' ')), ErrorCode::CorruptModel, "wanted at most 1048576"},
      {archive(one("7", "K\x01", "K\x01\x85K\x01\x85")), ErrorCode::CorruptModel,
       "storage '7' is not there"},
      {archive(one("0", "K\x01", "K\x02\x85K\x01\x85")), ErrorCode::CorruptModel,
       "within the 8 bytes of its storage"},
      {archive(one("0", "K\x03", "K\x01\x85K\x01\x85")), ErrorCode::CorruptModel,
       "within the 8 bytes of its storage"},
      {archive(one("0", "J\xFF\xFF\xFF\xFF", "K\x01\x85K\x01\x85")), ErrorCode::CorruptModel,
       "without a size"},
      {archive("\x80\x02N."), ErrorCode::CorruptModel, "found no dictionary"},
      {"\x80\x02\x8A\x0A legacy", ErrorCode::Unsupported,
       "wanted a file of torch.save() of PyTorch"},
  }};
  for (const auto& [bytes, code, part] : cases) {
    const Error error = error_of(bytes);
    EXPECT_EQ(error.code, code) << part;
    EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  }
}

/// Returns the pickle operation that pushes `content` as text.
std::string text(const std::string& content) {
  const auto n = static_cast<std::uint32_t>(content.size());
  return "X" + std::string(reinterpret_cast<const char*>(&n), sizeof n) + content;
}

/// A pickle may name any Python function. The reader calls none of them and treats their results as
/// unknown values.
TEST(TorchPickle, CallsNothing) {
  const auto pickle =
      read_torch_pickle("\x80\x02}" + text("x") + "cos\nsystem\n" + text("ls") + "\x85Rs.");
  ASSERT_TRUE(pickle) << pickle.error().message;
  EXPECT_TRUE(pickle->tensors.empty());
  const auto call = read_torch_pickle(
      "\x80\x02"
      "cos\nsystem\n" +
      text("ls") + "\x85R.");
  ASSERT_FALSE(call);
  EXPECT_NE(call.error().message.find("found no dictionary"), std::string::npos);
}

/// Returns the pickle of a dictionary in which many names refer to one tensor.
std::string many_names(const std::string& key, const std::string& dims, int n_names) {
  std::string pickle = "\x80\x02}(" + text("x") + "ctorch._utils\n_rebuild_tensor_v2\n((" +
                       text("storage") + "ctorch\nFloatStorage\n" + text(key) + text("cpu") +
                       std::string("K\1tQK\0", 6) + dims + dims + "\x89)tRq\1";
  for (int i = 0; i < n_names; ++i) pickle += text(std::to_string(i)) + "h\1";
  return pickle + "u.";
}

/// Each further name of a tensor takes only a few bytes of a pickle, but adds an entry to the list
/// of tensors. The number of entries is therefore limited.
TEST(TorchPickle, EntriesOfOneTensorAreBounded) {
  const std::string small = "K\1\x85";
  const auto accepted = read_torch_pickle(many_names("0", small, 1000));
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ(accepted->tensors.size(), 1001U);
  const std::array<std::pair<std::string, const char*>, 3> cases = {{
      {many_names(std::string(65, 'k'), small, 1), "whose key is too long"},
      {many_names("0", "(" + std::string(18, 'K') + "t", 1), "without a size"},
      {many_names("0", small, 70'000), "found more than 65536 tensors"},
  }};
  for (const auto& [bytes, part] : cases) {
    const auto refused = read_torch_pickle(bytes);
    ASSERT_FALSE(refused) << part;
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
  }
}

/// A tensor that the model does not need may have any type and order.
TEST(TorchPickle, ListsWhatItCannotReadAsUnsupported) {
  const auto one = [](const std::string& storage, const std::string& dims,
                      const std::string& strides) {
    return "\x80\x02}" + text("x") + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") +
           "ctorch\n" + storage + "\n" + text("0") + text("cpu") + std::string("K\2tQK\0", 6) +
           dims + strides + "\x89)tRs.";
  };
  const std::string dims = "K\2K\3\x86";
  const auto turned = read_torch_pickle(one("FloatStorage", dims, "K\1K\2\x86"));
  ASSERT_TRUE(turned) << turned.error().message;
  EXPECT_EQ(turned->tensors.at("x").unsupported, "found values that are not in row-major order");
  const auto longs = read_torch_pickle(one("LongStorage", dims, "K\3K\1\x86"));
  ASSERT_TRUE(longs) << longs.error().message;
  EXPECT_NE(longs->tensors.at("x").unsupported.find("found a tensor in 'torch.LongStorage'"),
            std::string::npos);
}

TEST(TorchPickle, RefusesWhatItDoesNotKnow) {
  const std::array<std::tuple<std::string, ErrorCode, const char*>, 13> cases = {{
      {"", ErrorCode::CorruptModel, "ends within an operation"},
      {"\x80\x04.", ErrorCode::Unsupported, "found protocol 4, wanted 2"},
      {"\x80\x02", ErrorCode::CorruptModel, "ends within an operation"},
      {"\x80\x02.", ErrorCode::CorruptModel, "needs a value that is not there"},
      {"\x80\x02"
       "X\xFF\xFF\xFF\xFFshort",
       ErrorCode::CorruptModel, "ends within an operation"},
      {"\x80\x02"
       "cmodule",
       ErrorCode::CorruptModel, "ends within a name"},
      {"\x80\x02t.", ErrorCode::CorruptModel, "needs a mark that is not there"},
      {"\x80\x02(K\x01K\x02u.", ErrorCode::CorruptModel, "adds items to a value that holds none"},
      {"\x80\x02}(K\x01u.", ErrorCode::CorruptModel, "a key without a value"},
      {"\x80\x02h\x05.", ErrorCode::CorruptModel, "needs a stored value"},
      {"\x80\x02q\x05.", ErrorCode::CorruptModel, "stores a value that is not there"},
      {"\x80\x02K\x01)R.", ErrorCode::CorruptModel, "calls a value that is not a function"},
      {"\x80\x02i.", ErrorCode::Unsupported, "found operation 105"},
  }};
  for (const auto& [bytes, code, part] : cases) {
    const auto refused = read_torch_pickle(bytes);
    ASSERT_FALSE(refused) << part;
    EXPECT_EQ(refused.error().code, code) << part;
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
  }
}

/// Reads a dictionary that contains itself, as key and as value.
TEST(TorchPickle, CyclesEnd) {
  EXPECT_TRUE(read_torch_pickle("\x80\x02}q\x01h\x01h\x01s."));
}

TEST(TorchFile, SurvivesAnyChange) {
  const test::SmallSizes sizes{.n_vocab = 4, .n_audio_ctx = 4, .n_text_ctx = 4};
  const std::string whole = test::torch_file(small_whisper(sizes), &sizes);
  ASSERT_EQ(error_of(whole).message, "no error");
  const std::size_t begin = whole.find("\x80\x02");
  const std::size_t end = whole.find("PK\3\4", begin);
  std::mt19937 random(1);
  int n_accepted = 0;
  for (std::size_t i = begin; i < end; i += 1 + random() % 16) {
    std::string changed = whole;
    changed[i] = static_cast<char>(random());
    n_accepted += error_of(changed).message == "no error";
  }
  EXPECT_GT(n_accepted, 0) << "some changes concern names only";
}

}  // namespace
}  // namespace npuwhisper
