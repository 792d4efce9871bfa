// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Charts over time, as SVG. Time is divided into bins, which run from left to right. Coordinates
/// are whole pixels, which keeps the SVG text short.
namespace npuwhisper::emu::chart {

inline constexpr int kWidth = 1600;
/// Left end of the time axis in pixels; the labels are to its left.
inline constexpr int kLeft = 150;
inline constexpr int kRight = 20;
inline constexpr int kBinWidth = 3;
inline constexpr std::size_t kBins = (kWidth - kLeft - kRight) / kBinWidth;
inline constexpr int kStrip = 8;  ///< Height of a strip in pixels.

/// Builds an SVG text.
class SvgText {
 public:
  /// Appends text with a printf() format, truncated to 399 characters.
  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...);
  /// Appends an escaped line of text. `anchor` is start, middle or end.
  void label(int x, int y, const char* anchor, const std::string& text);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// An activity and its colour.
struct Layer {
  std::string name;
  const char* colour;
};

/// Returns the share of a layer in a bin, from 0 to 1.
using Share = std::function<double(std::size_t bin, std::size_t layer)>;

/// Draws the layers as stacked areas, from the bottom `y + height` upwards.
void draw_stack(SvgText& svg, int y, int height, std::span<const Layer> layers, std::size_t n_bins,
                const Share& share);

/// Draws a horizontal line. Each bin has the colour of the layer with the largest share in the bin.
/// The bin stays blank if the time outside of all layers is at least as large as the largest share.
void draw_strip(SvgText& svg, int y, std::span<const Layer> layers, std::size_t n_bins,
                const Share& share);

/// Draws the names and shares of the layers, from left to right.
void draw_legend(SvgText& svg, int y, const std::string& head, std::span<const Layer> layers,
                 std::span<const double> shares);

/// Draws vertical lines at round times, and each time below its line. The lines divide the axis
/// into 10 to 25 parts.
void draw_time(SvgText& svg, int top, int bottom, double seconds);

}  // namespace npuwhisper::emu::chart
