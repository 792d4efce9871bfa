// SPDX-License-Identifier: LGPL-2.1-or-later
// Devices read weights from a file that another program may change while they read. A device must
// then return an Error. It must never end the process or accept weights that are not finite.
#include <array>
#include <cstring>
#include <fstream>
#include <limits>

#include "conformance.h"
#include "engine/whisper_graphs.h"

namespace npuwhisper::test {
namespace {

const auto kGraphs = {
    +[](const ModelConfig& config) { return make_encoder_graph(config); },
    +[](const ModelConfig& config) { return make_cross_graph(config); },
    +[](const ModelConfig& config) { return make_decoder_graph(config, kMaxRows); }};

TinyModelOptions small(DataType storage) {
  TinyModelOptions options;
  options.n_audio_ctx = 50;
  options.storage = storage;
  return options;
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// Returns the offset of the data of variable `name` in a model file (layout: ctranslate2_file.h).
std::size_t data_of(const std::string& file, const std::string& name) {
  const std::size_t rank = file.find(name + '\0') + name.size() + 1;
  return rank + 1 + 4 * static_cast<std::size_t>(file[rank]) + 1 + 4;
}

class ModelFileConformance : public Conformance {
 protected:
  void expect_shortened(const Graph& graph, const Weights& weights, const std::string& where) {
    const auto prepared = device_->prepare(graph, weights, 1);
    ASSERT_FALSE(prepared) << graph.name << " " << where;
    EXPECT_EQ(prepared.error().code, ErrorCode::Unavailable) << prepared.error().message;
    EXPECT_NE(prepared.error().message.find("the file was shortened"), std::string::npos)
        << prepared.error().message;
  }

  void expect_not_finite(DataType storage, const std::string& name, std::string_view bits) {
    const Tiny model(small(storage));
    const auto file = model.folder.path() / "model.bin";
    const std::string bytes = read_file(file);
    std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp(static_cast<std::streamoff>(data_of(bytes, name) + 2 * bits.size()));
    stream.write(bits.data(), static_cast<std::streamsize>(bits.size()));
    stream.close();
    int n_refused = 0;
    for (const auto& make : kGraphs) {
      const auto prepared = device_->prepare(make(model.config()), model.weights(), 1);
      if (prepared) continue;
      ++n_refused;
      EXPECT_EQ(prepared.error().code, ErrorCode::CorruptModel) << prepared.error().message;
      EXPECT_NE(prepared.error().message.find("'" + name + "': found NaN or infinity at 2"),
                std::string::npos)
          << prepared.error().message;
    }
    EXPECT_GE(n_refused, 1) << name;
  }
};

/// The file is truncated in the middle of a variable or to 0 bytes, after the model was loaded and
/// before the device prepares its graphs.
TEST_P(ModelFileConformance, AFileThatIsShortenedIsAnError) {
  const Tiny model(small(DataType::F16));
  const auto file = model.folder.path() / "model.bin";
  const std::string bytes = read_file(file);
  struct Cut {
    const char* variable;
    std::size_t more;
  };
  // Each cut removes data that at least one of the graphs reads.
  for (const auto& [variable, more] :
       {Cut{"encoder/conv1/weight", 5}, Cut{"decoder/layer_0/attention/linear_1/weight", 100},
        Cut{"decoder/embeddings/weight", 9001}}) {
    const std::string where = std::string("cut in ") + variable;
    std::ofstream(file, std::ios::binary) << bytes;
    std::filesystem::resize_file(file, data_of(bytes, variable) + more);
    int n_refused = 0;
    for (const auto& make : kGraphs) {
      const auto prepared = device_->prepare(make(model.config()), model.weights(), 1);
      if (prepared) continue;
      ++n_refused;
      EXPECT_EQ(prepared.error().code, ErrorCode::Unavailable) << prepared.error().message;
      EXPECT_NE(prepared.error().message.find("the file was shortened"), std::string::npos)
          << prepared.error().message;
    }
    EXPECT_GE(n_refused, 1) << where;
  }
  std::filesystem::resize_file(file, 0);
  for (const auto& make : kGraphs) expect_shortened(make(model.config()), model.weights(), "empty");
}

TEST_P(ModelFileConformance, WeightsThatAreNotFiniteAreRefused) {
  for (const char* name :
       {"encoder/conv1/weight", "encoder/conv1/bias", "encoder/position_encodings/encodings",
        "encoder/layer_1/ffn/linear_0/weight", "encoder/layer_norm/gamma",
        "decoder/layer_0/attention/linear_1/weight", "decoder/embeddings/weight",
        "decoder/position_encodings/encodings", "decoder/layer_1/ffn/linear_1/bias"}) {
    expect_not_finite(DataType::F16, name, std::string_view("\0\x7e", 2));  // NaN
  }
  expect_not_finite(DataType::F16, "encoder/conv2/weight", std::string_view("\0\xfc", 2));
  const auto infinity = std::bit_cast<std::array<char, 4>>(std::numeric_limits<float>::infinity());
  expect_not_finite(DataType::F32, "decoder/layer_0/ffn/linear_0/weight",
                    std::string_view(infinity.data(), infinity.size()));
}

INSTANTIATE_TEST_SUITE_P(Devices, ModelFileConformance, testing::ValuesIn(all_cases()), name_of);

}  // namespace
}  // namespace npuwhisper::test
