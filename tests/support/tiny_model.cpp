// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tiny_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string_view>

#include "ct2_writer.h"
#include "model/byte_level.h"
#include "model/utf8.h"
#include "model/variables.h"

namespace npuwhisper::test {
namespace {

constexpr std::array<std::string_view, 5> kLanguages = {"en", "zh", "de", "es", "fr"};
constexpr int kTimestamps = 1501;  // Times from 0 to 30 s in steps of 0.02 s.

/// Each merge is the concatenation of two earlier tokens, as in byte-pair encoding.
constexpr std::array<std::string_view, 50> kMerges = {
    " t",   "he",   " a", "in",     "re",    "on",     " the", "er",   " s",       "at",
    " w",   "nd",   " o", "ou",     "it",    "es",     "en",   "is",   "or",       "ing",
    " and", "ll",   " b", " to",    " f",    " of",    " c",   " in",  " p",       " m",
    "an",   "ar",   " h", "th",     "le",    " he",    " is",  " it",  " th",      " y",
    " you", " wor", "ld", " world", " hell", " hello", "..",   "....", "\xC3\xB6", "\xC3\xBC",
};

std::string spell(std::string_view bytes) {
  std::string spelling;
  for (const char byte : bytes) {
    append_utf8(to_byte_level(static_cast<std::uint8_t>(byte)), spelling);
  }
  return spelling;
}

[[noreturn]] void give_up(const std::filesystem::path& file) {
  std::fprintf(stderr, "cannot write '%s'\n", file.c_str());
  std::abort();
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) give_up(file);
}

std::string write_json(const nlohmann::json& root) {
  return root.dump(1) + "\n";
}

std::string format_vocabulary(const TinyModelOptions& options) {
  const std::vector<std::string> spellings = tiny_model_vocabulary(options);
  if (options.vocabulary == "vocabulary.txt") {
    std::string lines;
    for (const std::string& spelling : spellings) lines += spelling + "\n";
    return lines;
  }
  if (options.vocabulary == "vocabulary.json") return write_json(spellings);

  // Writes the tokens like Hugging Face: text tokens in model.vocab, and named special tokens in
  // added_tokens. Timestamps are omitted.
  nlohmann::json added = nlohmann::json::array();
  nlohmann::json vocab = nlohmann::json::object();
  bool is_text = true;
  for (std::size_t id = 0; id < spellings.size(); ++id) {
    is_text = is_text && spellings[id] != "<|endoftext|>";
    if (is_text) {
      vocab[spellings[id]] = id;
    } else {
      added.push_back({{"id", id}, {"content", spellings[id]}, {"special", true}});
      if (spellings[id] == "<|notimestamps|>") break;
    }
  }
  return write_json({{"added_tokens", added}, {"model", {{"type", "BPE"}, {"vocab", vocab}}}});
}

/// Generates random values that f16 and f32 represent exactly.
class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : generator_(seed) {}

  /// Returns `n` values, uniformly distributed between centre - amplitude and centre + amplitude.
  /// `amplitude` is a power of two, at least 2^-13.
  std::vector<float> take(std::size_t n, float centre, float amplitude) {
    std::vector<float> values(n);
    for (float& value : values) {
      const int step = static_cast<int>(generator_() % 2047) - 1023;
      value = centre + static_cast<float>(step) * amplitude / 1024;
    }
    return values;
  }

 private:
  std::mt19937_64 generator_;
};

/// Returns an amplitude for random weights: the largest power of two with which a weighted sum of
/// `fan_in` inputs has at most the variance of one input.
float amplitude_for(std::int64_t fan_in) {
  return std::exp2(std::floor(std::log2(std::sqrt(3.0F / static_cast<float>(fan_in)))));
}

std::vector<float> random_variable(RandomValues& random, const VariableShape& variable) {
  std::size_t n = 1;
  for (const std::int64_t dim : variable.dims) n *= static_cast<std::size_t>(dim);
  const std::string_view name = variable.name;
  if (name.ends_with("gamma")) {
    // Returns factors from 0.5 to 1.5, in steps of 1/64, which f16 can represent above 1.
    std::vector<float> factors = random.take(n, 0, 0.5F);
    for (float& factor : factors) factor = 1 + std::round(factor * 64) / 64;
    return factors;
  }
  if (name.ends_with("beta") || name.ends_with("bias") || name.ends_with("encodings")) {
    return random.take(n, 0, 0.0625F);
  }
  if (name.ends_with("embeddings/weight")) return random.take(n, 0, 0.25F);
  const std::int64_t fan_in = static_cast<std::int64_t>(n) / variable.dims.front();
  return random.take(n, 0, amplitude_for(fan_in));
}

/// Divides the rows from row 128 on into groups of `group` rows. Overwrites each row of a group
/// with the group's first row.
void make_alike(std::vector<float>& values, int n_columns, int group) {
  const auto columns = static_cast<std::size_t>(n_columns);
  const std::size_t first = 128 * columns;
  for (std::size_t i = first; i < values.size(); ++i) {
    const std::size_t row = (i - first) / columns;
    values[i] =
        values[first +
               row / static_cast<std::size_t>(group) * static_cast<std::size_t>(group) * columns +
               (i - first) % columns];
  }
}

std::string format_weights(const TinyModelOptions& options) {
  const ModelConfig config = tiny_model_config(options);
  RandomValues random(options.seed);
  Ct2Writer writer;
  writer.add_i8("decoder/activation", 3);
  writer.add_i8("decoder/pre_norm", 1);
  writer.add_i8("decoder/scale_embeddings", 0);
  writer.add_i16("decoder/num_heads", static_cast<std::int16_t>(config.n_text_head));
  writer.add_i16("encoder/num_heads", static_cast<std::int16_t>(config.n_audio_head));
  for (const VariableShape& variable : whisper_variables(config)) {
    if (variable.name == "decoder/projection/weight") continue;
    std::vector<float> values = random_variable(random, variable);
    if (variable.name == "encoder/position_encodings/encodings") {
      make_alike(values, config.n_state, options.alike_positions);
    }
    writer.add(variable.name, variable.dims, options.storage, values);
  }
  writer.add_alias("decoder/projection/weight", "decoder/embeddings/weight");
  return writer.finish();
}

std::string format_config(const ModelConfig& config) {
  return write_json({{"suppress_ids", config.suppress_tokens},
                     {"suppress_ids_begin", config.suppress_begin_tokens},
                     {"lang_ids", config.language_tokens},
                     {"alignment_heads", config.alignment_heads}});
}

}  // namespace

std::vector<std::string> tiny_model_vocabulary(const TinyModelOptions& options) {
  std::vector<std::string> spellings;
  // Adds the bytes in GPT-2's order, in which the bytes that are spelled as themselves come first.
  for (const bool as_itself : {true, false}) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      if ((to_byte_level(static_cast<std::uint8_t>(byte)) == byte) != as_itself) continue;
      spellings.push_back(spell(std::string(1, static_cast<char>(byte))));
    }
  }
  for (const std::string_view merge : kMerges) spellings.push_back(spell(merge));
  spellings.emplace_back();  // An empty token, as in Whisper's multilingual vocabularies.
  spellings.emplace_back("<|endoftext|>");
  spellings.emplace_back("<|startoftranscript|>");
  if (options.is_multilingual) {
    for (const std::string_view language : kLanguages) {
      spellings.push_back("<|" + std::string(language) + "|>");
    }
  }
  for (const char* name : {"<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
                           "<|nospeech|>", "<|notimestamps|>"}) {
    spellings.emplace_back(name);
  }
  for (int i = 0; i < kTimestamps; ++i) {
    char text[32];
    std::snprintf(text, sizeof text, "<|%d.%02d|>", i / 50, i % 50 * 2);
    spellings.emplace_back(text);
  }
  return spellings;
}

ModelConfig tiny_model_config(const TinyModelOptions& options) {
  const std::vector<std::string> spellings = tiny_model_vocabulary(options);
  const auto id_of = [&](std::string_view spelling) {
    return static_cast<Token>(std::ranges::find(spellings, spelling) - spellings.begin());
  };
  ModelConfig config;
  config.n_mels = options.n_mels;
  config.n_audio_ctx = options.n_audio_ctx;
  config.n_audio_layer = options.n_audio_layer;
  config.n_audio_head = options.n_audio_head;
  config.n_state = options.n_state;
  config.n_ffn = options.n_ffn > 0 ? options.n_ffn : 4 * options.n_state;
  config.n_text_ctx = options.n_text_ctx;
  config.n_text_layer = options.n_text_layer;
  config.n_text_head = options.n_text_head;
  config.n_vocab = static_cast<int>(spellings.size());
  config.suppress_tokens = {id_of("#"),
                            id_of("@"),
                            id_of("<|startoftranscript|>"),
                            id_of("<|translate|>"),
                            id_of("<|transcribe|>"),
                            id_of("<|startoflm|>"),
                            id_of("<|startofprev|>"),
                            id_of("<|nospeech|>")};
  config.suppress_begin_tokens = {id_of(spell(" ")), id_of("<|endoftext|>")};
  if (options.is_multilingual) {
    for (std::size_t i = 0; i < kLanguages.size(); ++i) {
      config.language_tokens.push_back(id_of("<|startoftranscript|>") + 1 + static_cast<Token>(i));
    }
  }
  for (int head = 0; head < options.n_text_head; ++head) {
    config.alignment_heads.emplace_back(options.n_text_layer - 1, head);
  }
  return config;
}

void write_tiny_model(const std::filesystem::path& folder, const TinyModelOptions& options) {
  write_text(folder / "model.bin", format_weights(options));
  write_text(folder / "config.json", format_config(tiny_model_config(options)));
  write_text(folder / options.vocabulary, format_vocabulary(options));
}

}  // namespace npuwhisper::test
