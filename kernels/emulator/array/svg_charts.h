// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Charts over time, as SVG: parts of the time (bins) from left to right, in whole pixels, so that
/// the text stays short.
namespace npuwhisper::emu::chart {

inline constexpr int kWidth = 1600;
inline constexpr int kLeft = 150;  ///< Where time begins; labels stand before it.
inline constexpr int kRight = 20;
inline constexpr int kBinWidth = 3;
inline constexpr std::size_t kBins = (kWidth - kLeft - kRight) / kBinWidth;
inline constexpr int kStrip = 8;  ///< Height of a strip.

/// A text that grows.
class SvgText {
 public:
  /// Appends as printf does; at most 400 characters.
  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...);
  /// A line of text, escaped; `anchor`: start, middle or end.
  void label(int x, int y, const char* anchor, const std::string& text);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// An activity, and how it looks.
struct Layer {
  std::string name;
  const char* colour;
};

/// share(bin, layer): of the whole, 0 to 1.
using Share = std::function<double(std::size_t bin, std::size_t layer)>;

/// Areas on top of each other, from the bottom `y + height` up.
void draw_stack(SvgText& svg, int y, int height, std::span<const Layer> layers, std::size_t n_bins,
                const Share& share);

/// A line in the colour of the layer with the largest share, or of none where nothing is more.
void draw_strip(SvgText& svg, int y, std::span<const Layer> layers, std::size_t n_bins,
                const Share& share);

/// Names and shares of the whole, from left to right.
void draw_legend(SvgText& svg, int y, const std::string& head, std::span<const Layer> layers,
                 std::span<const double> shares);

/// Vertical lines with the time under them, at a step that leaves about ten.
void draw_time(SvgText& svg, int top, int bottom, double seconds);

}  // namespace npuwhisper::emu::chart
