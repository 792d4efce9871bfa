// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes the initial inputs of each fuzzer: small valid files, and bytes for fuzzers that read
// choices.
// usage: fuzz-make-seeds FOLDER STAMP (creates FOLDER/HARNESS/* and the file STAMP)
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "ct2_writer.h"
#include "emulator/image.h"
#include "emulator/lower.h"
#include "harness.h"
#include "model/variables.h"
#include "model_formats.h"
#include "subprojects/xdna-emulator/tests/array/adding_design.h"
#include "subprojects/xdna-emulator/tests/lower/whole_texts.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper::fuzz {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string bytes_of_words(std::span<const std::uint32_t> words) {
  std::string bytes(words.size_bytes(), '\0');
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

/// Writes the inputs of one harness.
class Seeds {
 public:
  Seeds(const fs::path& root, const char* harness) : folder_(root / harness) {
    fs::create_directories(folder_);
  }
  void add(const std::string& name, const std::string& content) const {
    write_file(folder_ / name, content);
  }

 private:
  fs::path folder_;
};

/// Returns a model.bin of about 3 kB, which consists mostly of the variables' names. `width` (1 or
/// 2) is the model's n_mels, n_audio_ctx, n_state and n_ffn.
std::string smallest_model(DataType type, int width) {
  ModelConfig config;
  config.n_mels = config.n_audio_ctx = config.n_state = config.n_ffn = width;
  config.n_audio_layer = config.n_text_layer = 1;
  config.n_audio_head = config.n_text_head = 1;
  config.n_text_ctx = 8;
  config.n_vocab = 2;
  test::Ct2Writer writer;
  writer.add_i8("decoder/activation", 3);
  writer.add_i8("decoder/pre_norm", 1);
  writer.add_i16("decoder/num_heads", 1);
  writer.add_i16("encoder/num_heads", 1);
  for (const VariableShape& variable : whisper_variables(config)) {
    if (variable.name == "decoder/projection/weight") continue;
    std::size_t n_values = 1;
    for (const std::int64_t dim : variable.dims) n_values *= static_cast<std::size_t>(dim);
    writer.add(variable.name, variable.dims, type, std::vector<float>(n_values, 0.5F));
  }
  writer.add_alias("decoder/projection/weight", "decoder/embeddings/weight");
  return writer.finish();
}

void write_models(const fs::path& root) {
  const Seeds seeds(root, "model_bin");
  seeds.add("f16", smallest_model(DataType::F16, 1));
  seeds.add("f32", smallest_model(DataType::F32, 2));
  seeds.add("empty", test::Ct2Writer().finish());
}

void write_model_texts(const fs::path& root) {
  const Seeds seeds(root, "model_text");
  constexpr std::array kVocabularies = {"vocabulary.json", "vocabulary.txt", "tokenizer.json"};
  for (std::size_t i = 0; i < kVocabularies.size(); ++i) {
    const test::TemporaryFolder folder;
    test::write_tiny_model(folder.path(), {.n_mels = 4,
                                           .n_audio_ctx = 4,
                                           .n_audio_layer = 1,
                                           .n_state = 4,
                                           .n_text_ctx = 8,
                                           .n_text_layer = 1,
                                           .vocabulary = kVocabularies[i]});
    std::string text = content_of(folder.path() / kVocabularies[i]);
    // The harness needs only a few of the 1501 timestamps. All timestamps would make up most of the
    // text.
    if (i < 2) {
      const std::size_t more = text.find("<|0.12|>");
      text = text.substr(0, text.rfind('>', more) + 1) + (i == 0 ? "\"]" : "\n");
    }
    seeds.add(kVocabularies[i], static_cast<char>(i) + text);
    if (i == 0) seeds.add("config.json", '\3' + content_of(folder.path() / "config.json"));
  }
  seeds.add("vocab.json", std::string("\4{\"!\": 0, \"a\": 1, \"<|endoftext|>\": 2}"));
  seeds.add("hugging_face.json",
            std::string("\3{\"suppress_tokens\": [1], \"begin_suppress_tokens\": [2], "
                        "\"encoder_attention_heads\": 2, \"decoder_attention_heads\": 2, "
                        "\"alignment_heads\": [[5, 1]]}"));
  seeds.add("config_small.json",
            "\3{\"suppress_ids\": [1, 2, 399], \"suppress_ids_begin\": null, \"lang_ids\": [7], "
            "\"alignment_heads\": [[0, 1], [1, 0]]}");
}

void write_safetensors(const fs::path& root) {
  const Seeds seeds(root, "safetensors");
  const auto file = [](const std::string& header, std::size_t n_values) {
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(header.size() & 0xFF);
    bytes[1] = static_cast<char>(header.size() >> 8);
    return bytes + header + std::string(n_values * sizeof(float), '\1');
  };
  seeds.add("two", file(R"({"__metadata__":{"format":"pt"},)"
                        R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                        R"("b":{"dtype":"F32","shape":[4],"data_offsets":[24,40]}})",
                        10));
  seeds.add("scalar", file(R"({"scalar":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                           R"("none":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}})",
                           1));
}

/// Writes models in the formats of other projects, as small as the harnesses need them.
void write_model_formats(const fs::path& root) {
  const test::SmallSizes sizes{.n_mels = 2,
                               .n_vocab = 4,
                               .n_audio_ctx = 2,
                               .n_state = 2,
                               .n_head = 1,
                               .n_audio_layer = 1,
                               .n_text_ctx = 2,
                               .n_text_layer = 1};
  const test::RawTensors tensors = test::small_whisper(sizes);
  const Seeds torch(root, "torch");
  torch.add("checkpoint", '\0' + test::torch_file(tensors, &sizes));
  torch.add("state", '\0' + test::torch_file(test::hugging_face_names(tensors), nullptr));
  const std::string whole = test::torch_file(tensors, &sizes);
  const std::size_t pickle = whole.find("\x80\x02");
  torch.add("pickle", '\1' + whole.substr(pickle, whole.find("PK\3\4", pickle) - pickle));
  torch.add("zip", '\0' + test::zip_file({{.name = "m/data.pkl", .data = "\x80\x02}."},
                                          {.name = "m/byteorder", .data = "little"}}));
  const Seeds ggml(root, "ggml");
  ggml.add("small", test::ggml_file(tensors, sizes, {"a", " b"}));
  std::string rows = test::ggml_file({}, sizes, {"a"});
  // Sets the file type of quantised blocks, and adds a matrix of each type.
  rows.replace(44, 4, std::string("\xD6\x07\0\0", 4));
  for (const auto& [type, bytes] : {std::pair(2, 18), {3, 20}, {6, 22}, {7, 24}, {8, 34}}) {
    const std::string name = "q" + std::to_string(type);
    rows += std::string("\2\0\0\0\2\0\0\0", 8) + static_cast<char>(type) + std::string(3, '\0') +
            std::string("\x20\0\0\0\1\0\0\0", 8) + name +
            std::string(static_cast<std::size_t>(bytes), '\x15');
  }
  ggml.add("blocks", rows);
  Seeds(root, "safetensors")
      .add("whisper", test::safetensors_file(test::hugging_face_names(tensors), "F16"));
}

void write_http(const fs::path& root) {
  const Seeds seeds(root, "http");
  const std::string host = "Host: 127.0.0.1\r\n";
  seeds.add("page", '\0' + ("GET / HTTP/1.1\r\n" + host + "\r\n"));
  seeds.add("events", '\x40' + ("GET /events HTTP/1.1\r\n" + host + "Last-Event-ID: s-1\r\n\r\n"));
  seeds.add("head", '\x80' + ("HEAD /page.css?a=b HTTP/1.0\r\n" + host + "\r\n"));
  seeds.add("two", '\x20' + ("GET /page.js HTTP/1.1\r\n" + host + "\r\nGET /none HTTP/1.1\r\n" +
                             host + "Connection: close\r\n\r\n"));
  seeds.add("body", '\x60' + ("POST / HTTP/1.1\r\n" + host +
                              "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  seeds.add("foreign", '\x10' + std::string("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"));
  const std::string token = "0123456789abcdef";
  seeds.add("token", '\1' + ("GET /?token=" + token + " HTTP/1.1\r\n" + host + "\r\n"));
  seeds.add("bearer",
            '\1' + ("GET / HTTP/1.1\r\nHost: captions.example:80\r\nAuthorization: Bearer " +
                    token + "\r\n\r\n"));
  seeds.add("no_token", '\1' + std::string("GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"));
  seeds.add("wrong_token", '\1' + std::string("GET /?token=0123456789abcdee HTTP/1.1\r\n"
                                              "Host: [::1]:8090\r\n\r\n"));
  seeds.add("foreign_open", '\1' + std::string("GET / HTTP/1.1\r\nHost: x.local\r\n\r\n"));
}

void write_form_data(const fs::path& root) {
  const Seeds seeds(root, "form_data");
  const std::string head = "--x\r\nContent-Disposition: form-data; name=";
  const std::string field = head + "model\r\n\r\nbase\r\n";
  const std::string file =
      head + "\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n--\r\n";
  seeds.add("form", '\x10' + ("preamble\r\n" + field + file + "--x--\r\nepilogue"));
  seeds.add("bytes", '\1' + (file + "--x \t\r\n--x--"));
  seeds.add("incomplete", '\5' + (field + file));
  seeds.add("attachment",
            '\2' + std::string("--x\r\nContent-Disposition: attachment\r\n\r\n\r\n--x--"));
  seeds.add("no_head", '\3' + std::string("--x\r\n\r\n\r\n--xy"));
}

void write_realtime(const fs::path& root) {
  const Seeds seeds(root, "realtime");
  const std::string commit = "{\"type\":\"input_audio_buffer.commit\"}\n";
  const std::string update =
      "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\",";
  seeds.add("turns", "000111100000\n0001111111111111111110000\n00000");
  seeds.add("commits", update + R"("audio":{"input":{"turn_detection":null}}}})" + "\n11111\n" +
                           commit + "1\n" + commit + commit + "000\n");
  seeds.add("settle", "0001111111111\nsettle\n1111\nsettle\n0000000000\n");
  seeds.add("clear", "0001\n{\"type\":\"input_audio_buffer.clear\"}\n0100000000\n");
  seeds.add("settings",
            update + R"("audio":{"input":{"format":{"type":"audio/pcm","rate":24000},)"
                     R"("transcription":{"model":"tiny","language":"de","prompt":"Rat"},)"
                     R"("noise_reduction":null,"turn_detection":{"type":"server_vad",)"
                     R"("threshold":0.4,"prefix_padding_ms":200,"silence_duration_ms":300}}}}})"
                     "\n0111000000\n");
  seeds.add("append",
            "{\"type\":\"input_audio_buffer.append\",\"event_id\":\"a\",\"audio\":"
            "\"ZmZmZmZm\"}\n");
}

std::vector<std::uint32_t> sequence_of(const char* text) {
  const auto design = emu::lower(text);
  require(design.has_value() && !design->sequences.empty(), "a design with a sequence");
  return design->sequences.front().instructions;
}

void write_designs(const fs::path& root) {
  const Seeds texts(root, "mlir");
  const Seeds streams(root, "array");
  int number = 0;
  for (const char* const text : emu::test::kWholeTexts) {
    texts.add("whole_" + std::to_string(number), text);
    streams.add("stream_" + std::to_string(number), '\2' + bytes_of_words(sequence_of(text)));
    ++number;
  }
  texts.add("array_design", emu::test::kAddingDesign);
  streams.add("stream_of_design", '\2' + bytes_of_words(sequence_of(emu::test::kAddingDesign)));
  const auto image =
      emu::serialize({.array = "npu1", .design = emu::test::kAddingDesign, .kernels = {}});
  streams.add("image",
              '\0' + std::string(reinterpret_cast<const char*>(image.data()), image.size()));
  // Headers of a run and of a chain, followed by addresses.
  const std::array<std::uint32_t, 12> run = {1U | 9U << 12, 1, 3,     0, 0x1000, 0, 16,
                                             0x2000,        0, 0x3000};
  const std::array<std::uint32_t, 8> chain = {1U | 6U << 12 | 19U << 23, 2, 0, 0, 0, 0, 1, 2};
  streams.add("run", '\1' + bytes_of_words(run));
  streams.add("chain", '\1' + bytes_of_words(chain));
}

/// Writes bytes for harnesses that read choices. Small bytes, which choose common actions, are more
/// frequent.
void write_choices(const fs::path& root, const char* harness) {
  constexpr int kSeeds = 8;
  const Seeds seeds(root, harness);
  std::mt19937 random(1);
  for (int i = 0; i < kSeeds; ++i) {
    std::string bytes;
    while (bytes.size() < 400) {
      if (random() % 8 == 0) bytes += " Well, it is said. \xE4\xB8\x96\xE7\x95\x8C <b>so</b>\n";
      bytes += static_cast<char>(random() % (random() % 2 == 0 ? 16 : 256));
    }
    seeds.add("choices_" + std::to_string(i), bytes);
  }
}

void write_cue_writers(const fs::path& root) {
  write_choices(root, "cue_writers");
  Seeds(root, "cue_writers")
      .add(
          "segment.json",
          "\1{\"start\":1.5,\"end\":2.25,\"text\":\" A <b>\\n\",\"language\":\"en\",\"tokens\":[1],"
          "\"avg_logprob\":-0.5,\"no_speech_prob\":0,\"temperature\":0,\"compression_ratio\":1,"
          "\"words\":[{\"start\":1.5,\"end\":2,\"word\":\" A\",\"probability\":1}]}");
}

void write_all(const fs::path& root) {
  write_models(root);
  write_model_texts(root);
  write_safetensors(root);
  write_model_formats(root);
  write_http(root);
  write_form_data(root);
  write_realtime(root);
  write_designs(root);
  write_cue_writers(root);
  for (const char* harness : {"captions", "cea608", "element"}) write_choices(root, harness);
}

}  // namespace
}  // namespace npuwhisper::fuzz

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s FOLDER STAMP\n", argv[0]);
    return 2;
  }
  npuwhisper::fuzz::write_all(argv[1]);
  npuwhisper::fuzz::write_file(argv[2], "");
  return 0;
}
