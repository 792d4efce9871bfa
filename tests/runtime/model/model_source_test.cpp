// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model_source.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "model/byte_level.h"
#include "model/model.h"
#include "model/variables.h"
#include "model_formats.h"
#include "temporary_folder.h"

namespace npuwhisper {
namespace {

namespace fs = std::filesystem;
using test::RawTensors;
using test::SmallSizes;
using test::write_bytes;

/// Returns the values of the variable that CTranslate2 calls `name`, computed from OpenAI's
/// tensors.
std::vector<float> expected(const RawTensors& tensors, const std::string& name) {
  std::vector<float> values;
  const auto append = [&](const std::string& tensor) {
    const auto& more = tensors.at(tensor).values;
    values.insert(values.end(), more.begin(), more.end());
  };
  const std::string stack = name.substr(0, name.find('/'));
  std::string rest = name.substr(stack.size() + 1);
  if (rest == "position_encodings/encodings") {
    append(stack + ".positional_embedding");
  } else if (rest == "embeddings/weight" || rest == "projection/weight") {
    append("decoder.token_embedding.weight");
  } else if (rest.starts_with("conv")) {
    append(stack + "." + rest.substr(0, 5) + "." + rest.substr(6));
  } else if (rest.starts_with("layer_norm/")) {
    const std::string norm = stack == "encoder" ? "encoder.ln_post" : "decoder.ln";
    append(norm + (rest.ends_with("gamma") ? ".weight" : ".bias"));
  } else {
    const std::size_t slash = rest.find('/');
    const std::string layer = stack + ".blocks." + rest.substr(6, slash - 6);
    rest = rest.substr(slash + 1);
    const std::string block = rest.substr(0, rest.find('/'));
    const std::string part = rest.substr(block.size() + 1);
    const std::string kind =
        part.ends_with("weight") || part.ends_with("gamma") ? ".weight" : ".bias";
    if (block == "ffn") {
      append(layer +
             (part.starts_with("layer_norm") ? ".mlp_ln"
              : part.starts_with("linear_0") ? ".mlp.0"
                                             : ".mlp.2") +
             kind);
      return values;
    }
    const std::string attention = layer + (block == "self_attention" ? ".attn" : ".cross_attn");
    const auto append_key = [&] {
      if (kind == ".weight") return append(attention + ".key.weight");
      values.resize(values.size() + tensors.at(attention + ".out.bias").values.size(), 0.0F);
    };
    if (part.starts_with("layer_norm")) {
      append(attention + "_ln" + kind);
    } else if (part.starts_with("linear_0")) {
      append(attention + ".query" + kind);
      if (block == "self_attention") {
        append_key();
        append(attention + ".value" + kind);
      }
    } else if (block == "attention" && part.starts_with("linear_1")) {
      append_key();
      append(attention + ".value" + kind);
    } else {
      append(attention + ".out" + kind);
    }
  }
  return values;
}

class ModelSourceTest : public testing::Test {
 protected:
  /// Loads the model in `path` and compares its sizes and variables with sizes_ and tensors_.
  void expect_model(const fs::path& path) {
    const auto model = Model::load(path);
    ASSERT_TRUE(model) << model.error().message;
    const ModelConfig& config = (*model)->config;
    EXPECT_EQ(config.n_audio_head, sizes_.n_head);
    EXPECT_EQ(config.n_text_head, sizes_.n_head);
    EXPECT_EQ(config.n_audio_layer, sizes_.n_audio_layer);
    EXPECT_EQ(config.n_text_layer, sizes_.n_text_layer);
    EXPECT_EQ(config.n_vocab, sizes_.n_vocab);
    for (const VariableShape& shape : whisper_variables(config)) {
      const auto values = (*model)->weights->read(*(*model)->weights->find(shape.name));
      ASSERT_TRUE(values) << values.error().message;
      EXPECT_EQ(*values, expected(tensors_, shape.name)) << shape.name;
    }
    const Tokenizer& tokenizer = *(*model)->tokenizer;
    EXPECT_EQ(tokenizer.special().eot, 50257);
    EXPECT_EQ(tokenizer.special().timestamp_begin, 50364);
    EXPECT_EQ(tokenizer.language_token("su"), 50357);
    EXPECT_EQ(tokenizer.encode(" Hello world"), (std::vector<Token>{2425, 1002}));
    EXPECT_EQ(config.suppress_tokens.size(), 88U) << "published list";
    EXPECT_EQ(config.suppress_begin_tokens, (std::vector<Token>{220, 50257}));
  }

  void expect_error(const fs::path& path, ErrorCode code, std::string_view part) {
    const auto model = Model::load(path);
    ASSERT_FALSE(model) << part;
    EXPECT_EQ(model.error().code, code) << model.error().message;
    EXPECT_NE(model.error().message.find(part), std::string::npos) << model.error().message;
    EXPECT_NE(model.error().message.find(path.string()), std::string::npos)
        << model.error().message;
  }

  /// Writes the folder of a Hugging Face model without weights.
  fs::path make_folder(const char* name) {
    const fs::path folder = root_.path() / name;
    fs::create_directory(folder);
    write_bytes(folder / "config.json", hugging_face_config(sizes_));
    return folder;
  }

  SmallSizes sizes_;
  RawTensors tensors_ = test::small_whisper();
  test::TemporaryFolder root_;
};

TEST_F(ModelSourceTest, ReadsSafetensors) {
  for (const char* type : {"F16", "F32"}) {
    const fs::path folder = make_folder(type);
    write_bytes(folder / "model.safetensors", safetensors_file(hugging_face_names(tensors_), type));
    expect_model(folder);
  }
}

/// transformers' WhisperModel has the same tensors without the prefix "model.".
TEST_F(ModelSourceTest, ReadsSafetensorsWithoutPrefix) {
  RawTensors tensors;
  for (const auto& [name, tensor] : hugging_face_names(tensors_)) {
    tensors[name.substr(std::string_view("model.").size())] = tensor;
  }
  const fs::path folder = make_folder("bare");
  write_bytes(folder / "model.safetensors", safetensors_file(tensors, "F16"));
  expect_model(folder);
}

TEST_F(ModelSourceTest, ReadsShards) {
  const fs::path folder = make_folder("shards");
  RawTensors parts[2];
  std::string map;
  int i = 0;
  for (const auto& [name, tensor] : hugging_face_names(tensors_)) {
    const int part = i++ % 2;
    parts[part][name] = tensor;
    map += (map.empty() ? "\"" : ",\"") + name + "\":\"part" + std::to_string(part) + "\"";
  }
  for (int part = 0; part < 2; ++part) {
    write_bytes(folder / ("part" + std::to_string(part)), safetensors_file(parts[part], "F16"));
  }
  write_bytes(folder / "model.safetensors.index.json", R"({"weight_map":{)" + map + "}}");
  expect_model(folder);

  fs::remove(folder / "part1");
  const auto missing = Model::load(folder);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_NE(missing.error().message.find("part1"), std::string::npos) << missing.error().message;
  const std::array<std::pair<const char*, const char*>, 4> cases = {{
      {"[]", "found no weight_map"},
      {R"({"weight_map":{}})", "found 0 files, wanted 1 to 256"},
      {R"({"weight_map":{"x":"../part0"}})", "found '../part0', wanted a file name"},
      {R"({"weight_map":{"x":7}})", "found '', wanted a file name"},
  }};
  for (const auto& [text, part] : cases) {
    write_bytes(folder / "model.safetensors.index.json", text);
    const auto refused = Model::load(folder);
    ASSERT_FALSE(refused) << text;
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
  }
}

TEST_F(ModelSourceTest, ReadsPytorchModel) {
  const fs::path folder = make_folder("torch");
  write_bytes(folder / "pytorch_model.bin", torch_file(hugging_face_names(tensors_), nullptr));
  expect_model(folder);
  expect_error(folder / "pytorch_model.bin", ErrorCode::Unsupported,
               "found no n_audio_head, wanted a checkpoint of OpenAI");
}

TEST_F(ModelSourceTest, ReadsCheckpointsOfOpenAi) {
  write_bytes(root_.path() / "small.pt", torch_file(tensors_, &sizes_));
  expect_model(root_.path() / "small.pt");
}

TEST_F(ModelSourceTest, ReadsFilesOfWhisperCpp) {
  std::vector<std::string> tokens;
  std::ifstream vocabulary(NPUWHISPER_VOCABULARY_DIR "/multilingual.txt");
  for (std::string line; std::getline(vocabulary, line);) tokens.push_back(*from_byte_level(line));
  ASSERT_EQ(tokens.size(), 50257U);
  const fs::path file = root_.path() / "ggml-small.bin";
  write_bytes(file, ggml_file(tensors_, sizes_, tokens));
  expect_model(file);

  // whisper.cpp's files from different years list different tokens.
  tokens.push_back("<|endoftext|>");
  write_bytes(file, ggml_file(tensors_, sizes_, tokens));
  expect_model(file);
  tokens.assign(50257, "\xEF\xBF\xBD");
  write_bytes(file, ggml_file(tensors_, sizes_, tokens));
  expect_model(file);
}

/// whisper.cpp's English-only files list 50,257 tokens. The last one is the end of text.
TEST_F(ModelSourceTest, EnglishFilesOfWhisperCppHaveTheirOwnSpecialTokens) {
  const SmallSizes sizes{.n_vocab = 51864};
  std::vector<std::string> tokens(50257);
  tokens.back() = "<|endoftext|>";
  const fs::path file = root_.path() / "ggml-small.en.bin";
  write_bytes(file, ggml_file(test::small_whisper(sizes), sizes, tokens));
  const auto model = Model::load(file);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->tokenizer->special().eot, 50256);
  EXPECT_EQ((*model)->tokenizer->special().sot, 50257);
  EXPECT_EQ((*model)->tokenizer->special().timestamp_begin, 50363);
  EXPECT_FALSE((*model)->tokenizer->is_multilingual());
}

/// If the number of embeddings differs from that of OpenAI's models, the tokens come from the file.
TEST_F(ModelSourceTest, OtherFilesOfWhisperCppHaveTheirTokens) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  tokens.emplace_back(" Hello");
  const SmallSizes sizes{.n_vocab = 257 + 1509 + 2};
  const fs::path file = root_.path() / "ggml-other.bin";
  for (const bool lists_end : {false, true}) {
    if (lists_end) tokens.emplace_back("<|endoftext|>");
    write_bytes(file, ggml_file(test::small_whisper(sizes), sizes, tokens));
    const auto model = Model::load(file);
    ASSERT_TRUE(model) << model.error().message;
    const Tokenizer& tokenizer = *(*model)->tokenizer;
    EXPECT_EQ(tokenizer.special().eot, 257);
    EXPECT_EQ(tokenizer.language_token("zh"), 260);
    EXPECT_EQ(tokenizer.bytes(256), " Hello");
  }
  tokens.resize(100);
  write_bytes(file, ggml_file(test::small_whisper(sizes), sizes, tokens));
  expect_error(file, ErrorCode::CorruptModel, "found 100 text tokens, which do not fit 1768");
}

/// Fine-tuned models may have further tensors of any type.
TEST_F(ModelSourceTest, UnsupportedTensorsMatterOnlyIfNeeded) {
  const fs::path folder = make_folder("extra");
  std::string file = safetensors_file(hugging_face_names(tensors_), "F16");
  const auto replace = [&](std::string_view from, std::string_view to) {
    const std::size_t at = file.find(from);
    ASSERT_NE(at, std::string::npos);
    file.replace(at, from.size(), to);
  };
  replace(R"("__metadata__":{"format":"pt"})", R"("x":{"dtype":"I64"           })");
  write_bytes(folder / "model.safetensors", file);
  expect_model(folder);
  replace(R"("model.decoder.layers.0.fc1.bias":{"dtype":"F16")",
          R"("model.decoder.layers.0.fc1.bias":{"dtype":"I64")");
  write_bytes(folder / "model.safetensors", file);
  expect_error(folder, ErrorCode::Unsupported,
               "tensor 'model.decoder.layers.0.fc1.bias': found dtype 'I64'");
}

TEST_F(ModelSourceTest, NamesTheTensorThatIsMissing) {
  RawTensors tensors = hugging_face_names(tensors_);
  tensors.erase("model.decoder.layers.1.fc2.weight");
  const fs::path folder = make_folder("incomplete");
  write_bytes(folder / "model.safetensors", safetensors_file(tensors, "F16"));
  expect_error(folder, ErrorCode::CorruptModel,
               "tensor 'model.decoder.layers.1.fc2.weight' is not there");
}

TEST_F(ModelSourceTest, TensorsOfOneVariableMustFitTogether) {
  RawTensors tensors = tensors_;
  tensors.at("encoder.blocks.0.attn.key.weight").dims = {4, 16};
  const fs::path file = root_.path() / "odd.pt";
  write_bytes(file, torch_file(tensors, &sizes_));
  expect_error(file, ErrorCode::CorruptModel,
               "tensor 'encoder.blocks.0.attn.key.weight': found [4, 16], wanted the dimensions of "
               "the first tensor");
}

TEST_F(ModelSourceTest, ChecksTheSizes) {
  SmallSizes odd = sizes_;
  odd.n_head = 3;
  write_bytes(root_.path() / "heads.pt", torch_file(tensors_, &odd));
  expect_error(root_.path() / "heads.pt", ErrorCode::CorruptModel,
               "found 3 heads, wanted a divisor");

  const SmallSizes other{.n_vocab = 300};
  write_bytes(root_.path() / "other.pt", torch_file(test::small_whisper(other), &other));
  expect_error(root_.path() / "other.pt", ErrorCode::Unsupported, "the file has no vocabulary");
}

TEST_F(ModelSourceTest, TheContentDecidesWhatAFileIs) {
  write_bytes(root_.path() / "text.pt", "no model");
  expect_error(root_.path() / "text.pt", ErrorCode::Unsupported, "found a file of an unknown kind");
  write_bytes(root_.path() / "empty.bin", "");
  expect_error(root_.path() / "empty.bin", ErrorCode::Unsupported, "of an unknown kind");
  write_bytes(root_.path() / "renamed.bin", torch_file(tensors_, &sizes_));
  expect_model(root_.path() / "renamed.bin");
  expect_error(root_.path() / "nothing.pt", ErrorCode::NotFound, "cannot open");
  fs::create_directory(root_.path() / "empty");
  expect_error(root_.path() / "empty", ErrorCode::NotFound,
               "found no weights, wanted one of model.bin, model.safetensors, pytorch_model.bin");
}

}  // namespace
}  // namespace npuwhisper
