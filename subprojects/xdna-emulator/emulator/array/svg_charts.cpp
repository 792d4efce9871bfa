// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/svg_charts.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>

namespace npuwhisper::emu::chart {

void SvgText::add(const char* format, ...) {
  char piece[400];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(piece, sizeof piece, format, arguments);
  va_end(arguments);
  text_ += piece;
}

void SvgText::label(int x, int y, const char* anchor, const std::string& text) {
  add("<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">", x, y, anchor);
  for (const char c : text) text_ += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
  text_ += "</text>\n";
}

void draw_stack(SvgText& svg, int y, int height, std::span<const Layer> layers, std::size_t n_bins,
                const Share& share) {
  std::vector<int> below(n_bins, 0), above(n_bins, 0);
  std::vector<double> sum(n_bins, 0);
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    bool is_empty = true;
    for (std::size_t bin = 0; bin < n_bins; ++bin) {
      sum[bin] += share(bin, layer);
      above[bin] = static_cast<int>(std::lround(std::min(sum[bin], 1.0) * height));
      is_empty = is_empty && above[bin] == below[bin];
    }
    if (is_empty) continue;
    // Go right along the upper edge and back along the lower edge, with steps only at changes.
    const int bottom = y + height;
    svg.add("<path fill=\"%s\" d=\"M%d %d", layers[layer].colour, kLeft, bottom - above[0]);
    for (std::size_t bin = 1; bin < n_bins; ++bin) {
      if (above[bin] == above[bin - 1]) continue;
      svg.add("H%dV%d", kLeft + static_cast<int>(bin) * kBinWidth, bottom - above[bin]);
    }
    svg.add("H%dV%d", kLeft + static_cast<int>(n_bins) * kBinWidth, bottom - below[n_bins - 1]);
    for (std::size_t bin = n_bins - 1; bin > 0; --bin) {
      if (below[bin] == below[bin - 1]) continue;
      svg.add("H%dV%d", kLeft + static_cast<int>(bin) * kBinWidth, bottom - below[bin - 1]);
    }
    svg.add("H%dZ\"/>\n", kLeft);
    below = above;
  }
}

void draw_strip(SvgText& svg, int y, std::span<const Layer> layers, std::size_t n_bins,
                const Share& share) {
  constexpr std::size_t kNothing = SIZE_MAX;
  std::vector<std::size_t> most(n_bins + 1, kNothing);
  for (std::size_t bin = 0; bin < n_bins; ++bin) {
    double left = 1;
    for (std::size_t layer = 0; layer < layers.size(); ++layer) left -= share(bin, layer);
    double largest = left;
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      if (share(bin, layer) <= largest) continue;
      largest = share(bin, layer);
      most[bin] = layer;
    }
  }
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    bool begun = false;
    for (std::size_t bin = 0; bin < n_bins; ++bin) {
      if (most[bin] != layer) continue;
      if (!begun) {
        svg.add("<path stroke=\"%s\" stroke-width=\"%d\" d=\"", layers[layer].colour, kStrip);
        begun = true;
      }
      std::size_t end = bin;
      while (most[end] == layer) ++end;
      svg.add("M%d %dh%d", kLeft + static_cast<int>(bin) * kBinWidth, y + kStrip / 2,
              static_cast<int>(end - bin) * kBinWidth);
      bin = end;
    }
    if (begun) svg.add("\"/>\n");
  }
}

void draw_legend(SvgText& svg, int y, const std::string& head, std::span<const Layer> layers,
                 std::span<const double> shares) {
  svg.label(kLeft - 10, y, "end", head);
  int x = kLeft;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    char share[16];
    std::snprintf(share, sizeof share, " %.0f %%", 100 * shares[i]);
    const std::string text = layers[i].name + share;
    svg.add("<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x, y - 11,
            layers[i].colour);
    svg.label(x + 17, y, "start", text);
    x += 36 + 7 * static_cast<int>(text.size());
  }
}

void draw_time(SvgText& svg, int top, int bottom, double seconds) {
  const double wanted = seconds * 1e3 / 10;
  double step = std::pow(10, std::floor(std::log10(wanted)));
  for (const double factor : {5.0, 2.0}) {
    if (step * factor <= wanted) {
      step *= factor;
      break;
    }
  }
  const double width = static_cast<double>(kBins) * kBinWidth;
  for (int i = 0; i * step <= seconds * 1e3; ++i) {
    const int x = kLeft + static_cast<int>(i * step / (seconds * 1e3) * width);
    svg.add("<path class=\"line\" opacity=\".35\" d=\"M%d %dV%d\"/>\n", x, top, bottom + 5);
    char time[32];
    std::snprintf(time, sizeof time, i == 0 ? "0 ms" : "%.6g", i * step);
    svg.label(x, bottom + 20, "middle", time);
  }
}

}  // namespace npuwhisper::emu::chart
