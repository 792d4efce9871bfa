// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/hotword_tree.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "model/utf8.h"
#include "whisper/hotword_list.h"
#include "whisper/word_characters.h"

namespace npuwhisper {
namespace {

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// Returns whether a byte begins a character of two bytes that is probably a letter. The letters of
/// U+00C0 to U+07FF (Latin, Greek, Cyrillic, Hebrew, Arabic) begin with these bytes.
bool begins_letter(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return value >= 0xC3 && value <= 0xDF;
}

}  // namespace

HotwordTree::HotwordTree(const Tokenizer& tokenizer, std::span<const std::vector<Token>> phrases)
    : nodes_(1) {
  if (phrases.empty()) return;
  shapes_.resize(static_cast<std::size_t>(tokenizer.special().eot));
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    shapes_[i] = shape_of(tokenizer.bytes(static_cast<Token>(i)));
  }
  add_phrases(phrases);
  link_suffixes();
}

/// Returns the flags of a token's text. A token can begin and end within a character.
std::uint8_t HotwordTree::shape_of(std::string_view text) {
  if (text.empty()) return 0;
  if (std::ranges::all_of(text, is_continuation)) return kBeginsInWord | kIsPartOfCharacter;
  bool begins = is_continuation(text.front()) || begins_letter(text.front());
  if (const CodePoint first = first_code_point(text); first.is_valid) {
    begins = is_in_word(first.value);
  }
  bool ends = begins_letter(text.back());
  bool separates = true;
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    text.remove_prefix(c.n_bytes);
    separates = separates && c.is_valid && is_separator(c.value);
    if (text.empty() && c.is_valid) ends = is_in_word(c.value);
  }
  return static_cast<std::uint8_t>((begins ? kBeginsInWord : 0) | (ends ? kEndsInWord : 0) |
                                   (separates ? kIsSeparator : 0));
}

void HotwordTree::add_phrases(std::span<const std::vector<Token>> phrases) {
  std::map<std::pair<int, Token>, int> children;
  for (const std::vector<Token>& phrase : phrases) {
    int node = 0;
    for (const Token token : phrase) {
      const auto [at, is_new] =
          children.try_emplace({node, token}, static_cast<int>(nodes_.size()));
      if (is_new) {
        const bool before = nodes_[static_cast<std::size_t>(node)].ends_word;
        nodes_.push_back({.parent = node, .ends_word = ends_word(before, token)});
      }
      node = at->second;
    }
    if (node != 0) nodes_[static_cast<std::size_t>(node)].is_phrase = true;
  }
  for (const auto& [from, to] : children) {
    Node& node = nodes_[static_cast<std::size_t>(from.first)];
    if (node.n_edges++ == 0) node.first_edge = edges_.size();
    edges_.push_back({from.second, to});
  }
}

/// Sets the suffixes of all nodes in the order of their depths. The suffix of a node extends a
/// suffix of its parent, so the time is linear in the number of the phrases' tokens.
void HotwordTree::link_suffixes() {
  std::vector<int> order = {0};
  order.reserve(nodes_.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const int parent = order[i];
    const HotwordPlace after_parent{
        .node = suffix(parent), .ends_word = nodes_[static_cast<std::size_t>(parent)].ends_word};
    for (const Edge& edge : edges(parent)) {
      // The only proper suffix of a single token is empty.
      const int to = parent == 0 ? 0 : find(after_parent, edge.token, 0).node;
      nodes_[static_cast<std::size_t>(edge.node)].suffix = to;
      order.push_back(edge.node);
    }
  }
}

std::span<const HotwordTree::Edge> HotwordTree::edges(int node) const {
  const Node& of = nodes_[static_cast<std::size_t>(node)];
  return std::span(edges_).subspan(of.first_edge, of.n_edges);
}

int HotwordTree::child(int node, Token token) const {
  const auto all = edges(node);
  const auto at = std::ranges::lower_bound(all, token, {}, &Edge::token);
  return at != all.end() && at->token == token ? at->node : -1;
}

HotwordTree::Target HotwordTree::find(const HotwordPlace& place, Token token, float gap) const {
  for (int node = can_continue(place, gap) ? place.node : 0; node != 0; node = suffix(node)) {
    if (const int next = child(node, token); next >= 0) return {next, node == place.node, false};
  }
  const int first = can_begin(place, token, gap) ? child(0, token) : -1;
  return {std::max(first, 0), false, first >= 0};
}

bool HotwordTree::is_repetition(const HotwordPlace& place, int node) const {
  return node != 0 && std::ranges::any_of(place.repeatable, [&](int part) {
           while (part > node) part = nodes_[static_cast<std::size_t>(part)].parent;
           return part == node;
         });
}

HotwordPlace HotwordTree::advance(const HotwordPlace& place, Token token, float gap,
                                  const HotwordGains& gains) const {
  const Target target = find(place, token, gap);
  const float kept = continues_word(place, token) ? place.kept_within_word : place.kept;
  HotwordPlace next{.node = target.node,
                    .ends_word = ends_word(place.ends_word, token),
                    .bonus = kept,
                    .kept_within_word = kept,
                    .kept = kept};
  const bool is_repeated = is_repetition(place, target.node);
  const bool is_phrase = nodes_[static_cast<std::size_t>(target.node)].is_phrase;
  if (target.node != 0 || (shape(token) & kIsSeparator) != 0) next.repeatable = place.repeatable;
  if (is_phrase && !is_repeated) {
    std::ranges::copy_backward(std::span(place.repeatable).first(place.repeatable.size() - 1),
                               next.repeatable.end());
    next.repeatable.front() = target.node;
  }
  if (target.node == 0) return next;
  next.gap = target.is_first ? gap : place.gap + gap;
  if (target.is_same_phrase) next.bonus = place.bonus;
  if (!is_repeated) next.bonus += target.is_first ? gains.first : gains.next;
  if (is_phrase) next.kept = next.bonus;
  return next;
}

Result<std::unique_ptr<const HotwordTree>> make_hotword_tree(std::string_view list,
                                                             const Tokenizer& tokenizer) {
  const auto spellings = spell_hotwords(list, tokenizer);
  if (!spellings) return fail(spellings.error());
  if (spellings->empty()) return std::unique_ptr<const HotwordTree>();
  return std::make_unique<const HotwordTree>(tokenizer, *spellings);
}

}  // namespace npuwhisper
