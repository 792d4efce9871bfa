// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

#include "model/published_models.h"

namespace npuwhisper {
namespace {

// The quantisations in the names of whisper.cpp's files. The table of npuwhisper-models has the
// same list (tools/model_tool/table.py).
constexpr std::array<std::string_view, 5> kQuantisations = {"q8_0", "q5_1", "q5_0", "q4_1", "q4_0"};

const KnownModel* find_known(std::string_view name) {
  for (const KnownModel& model : known_models()) {
    if (model.name == name || std::ranges::find(model.aliases, name) != model.aliases.end()) {
      return &model;
    }
  }
  return nullptr;
}

/// Returns the minimum number of insertions, removals and replacements of characters that turn `a`
/// into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);  // Distances from a part of `a` to each part of `b`.
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

ModelConfig config_of(const KnownModel& model) {
  constexpr int kHeadColumns = 64;
  const KnownShape& shape = model.shape;
  const int n_heads = shape.n_state / kHeadColumns;
  ModelConfig config{.n_mels = shape.n_mels,
                     .n_audio_ctx = 1500,
                     .n_audio_layer = shape.n_audio_layer,
                     .n_audio_head = n_heads,
                     .n_state = shape.n_state,
                     .n_ffn = 4 * shape.n_state,
                     .n_text_ctx = 448,
                     .n_text_layer = shape.n_text_layer,
                     .n_text_head = n_heads,
                     .n_vocab = shape.n_vocab,
                     .suppress_tokens = {},
                     .suppress_begin_tokens = {},
                     .language_tokens = {},
                     .alignment_heads = {}};
  config.alignment_heads = published_alignment_heads(config, model.name);
  if (config.alignment_heads.empty()) config.alignment_heads = late_heads(config);
  return config;
}

bool is_english_only(const KnownModel& model) {
  return model.name.ends_with(".en") || model.name.starts_with("distil-");
}

std::optional<NamedModel> resolve_model(std::string_view name) {
  if (const KnownModel* const model = find_known(name)) return NamedModel{model, {}};
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto quantisation = std::ranges::find(kQuantisations, name.substr(dash + 1));
  const KnownModel* const model = find_known(name.substr(0, dash));
  if (model == nullptr || quantisation == kQuantisations.end()) return std::nullopt;
  return NamedModel{model, *quantisation};
}

std::vector<std::string_view> known_names(std::string_view name) {
  std::vector<std::string_view> names;
  for (const KnownModel& model : known_models()) {
    names.push_back(model.name);
    names.insert(names.end(), model.aliases.begin(), model.aliases.end());
  }
  std::ranges::stable_sort(names, {},
                           [&](std::string_view known) { return edit_distance(name, known); });
  return names;
}

}  // namespace npuwhisper
