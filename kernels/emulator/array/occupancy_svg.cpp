// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <fstream>
#include <span>
#include <utility>

#include "emulator/array/occupancy.h"

namespace npuwhisper::emu {
namespace {

// Pixels.
constexpr int kWidth = 1600, kLeft = 150, kRight = 20;
constexpr int kBinWidth = 3;
constexpr std::size_t kBins = (kWidth - kLeft - kRight) / kBinWidth;
constexpr int kTop = 112;
constexpr int kCoresHeight = 160, kStrip = 8, kStripPitch = 10, kRowGap = 6;
constexpr int kDmaHeight = 36, kDmaPitch = 46, kGap = 34;

// Blues to reds for work, in an order that people with colour blindness tell apart; greys for
// waits.
constexpr const char* kFunctionColours[] = {"#2f7ebc", "#e08214", "#1b9e77",
                                            "#c75a93", "#8c6bb1", "#b8a000"};
constexpr const char* kWaitColours[] = {"#8a929b", "#b3bac2", "#d6dade", "#e9ebee"};
constexpr const char* kDmaColours[] = {"#2f7ebc", "#b3bac2", "#d6dade"};

constexpr std::string_view kWait = "wait for ";

// Follows the reader's page: text and lines are dark on light, light on dark.
constexpr const char* kStyle =
    "<style>text{font:13px sans-serif;fill:#3d444d}.title text{font-size:18px}"
    ".line{stroke:#8a929b;stroke-width:1;fill:none}"
    "@media(prefers-color-scheme:dark){text{fill:#c3ccd6}}</style>\n";

/// Appends to a text as printf does.
class SvgText {
 public:
  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...) {
    char piece[400];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    text_ += piece;
  }
  void label(int x, int y, const char* anchor, const std::string& text) {
    add("<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">", x, y, anchor);
    for (const char c : text) text_ += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
    text_ += "</text>\n";
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

struct Layer {
  std::string name;
  const char* colour;
};

std::vector<Layer> layers_of(const Occupancy& occupancy) {
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < occupancy.activities.size(); ++i) {
    const bool is_function = i < occupancy.n_functions;
    const char* colour =
        is_function ? kFunctionColours[i] : kWaitColours[i - occupancy.n_functions];
    // "wait for b_full" stands under "cores wait for".
    std::string name = occupancy.activities[i];
    if (name.starts_with(kWait)) name.erase(0, kWait.size());
    layers.push_back({std::move(name), colour});
  }
  return layers;
}

/// Areas on top of each other, from the bottom `y + height` up; share(bin, layer) of the height.
template <typename Share>
void draw_stack(SvgText& svg, int y, int height, std::span<const Layer> layers, std::size_t n_bins,
                Share share) {
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
    // To the right along the upper edge, back along the lower one; steps only where it changes.
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

/// One line for a core: in each bin the colour of what it did most.
void draw_strip(SvgText& svg, int y, std::span<const Layer> layers, std::size_t n_bins,
                const Shares& shares) {
  constexpr std::size_t kNothing = SIZE_MAX;
  std::vector<std::size_t> most(n_bins + 1, kNothing);
  for (std::size_t bin = 0; bin < n_bins; ++bin) {
    double left = 1;
    for (std::size_t layer = 0; layer < layers.size(); ++layer) left -= shares.at(bin, layer);
    double largest = left;
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      if (shares.at(bin, layer) <= largest) continue;
      largest = shares.at(bin, layer);
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

/// Names and shares of the whole, from left to right.
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

/// Lines with the time under them, at a step that leaves about ten.
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

/// One picture, from top to bottom.
class Picture {
 public:
  explicit Picture(const Occupancy& occupancy)
      : occupancy_(occupancy), layers_(layers_of(occupancy)) {
    for (std::size_t i = 0; i < std::size(kDmaColours); ++i) {
      dma_layers_.push_back({std::string(Occupancy::kDmaActivities[i]), kDmaColours[i]});
    }
  }

  std::string draw(std::string_view device) {
    const int strips_top = kTop + kCoresHeight + 24;
    const int dma_top = strips_top + strips_height() + kGap + 14;
    const int bottom = dma_top + static_cast<int>(occupancy_.dma.size()) * kDmaPitch;
    svg_.add("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n%s", kWidth,
             bottom + 32, kStyle);
    draw_head(device);
    draw_all_cores();
    draw_each_core(strips_top);
    draw_dma(dma_top);
    draw_time(svg_, kTop, bottom - (kDmaPitch - kDmaHeight), occupancy_.seconds);
    svg_.add("</svg>\n");
    return svg_.take();
  }

 private:
  bool begins_row(std::size_t core) const {
    return core == 0 || occupancy_.cores[core].tile.row != occupancy_.cores[core - 1].tile.row;
  }
  int strips_height() const {
    int height = 0;
    for (std::size_t i = 0; i < occupancy_.cores.size(); ++i) {
      height += kStripPitch + (begins_row(i) ? kRowGap : 0);
    }
    return height;
  }
  double share_of_all_cores(std::size_t bin, std::size_t activity) const {
    double sum = 0;
    for (const auto& core : occupancy_.cores) sum += core.shares.at(bin, activity);
    return sum / static_cast<double>(occupancy_.cores.size());
  }
  /// share(bin, activity) over all bins, for each of n activities.
  template <typename Share>
  std::vector<double> means(std::size_t n, Share share) const {
    std::vector<double> means(n, 0);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t bin = 0; bin < occupancy_.n_bins; ++bin) means[i] += share(bin, i);
      means[i] /= static_cast<double>(occupancy_.n_bins);
    }
    return means;
  }

  void draw_head(std::string_view device) {
    char title[120];
    std::snprintf(title, sizeof title,
                  ": what %zu cores and the DMA do in %.3g ms, predicted by the emulator's clock",
                  occupancy_.cores.size(), occupancy_.seconds * 1e3);
    svg_.add("<g class=\"title\">");
    svg_.label(kLeft, 34, "start", std::string(device) + title);
    svg_.add("</g>\n");
    const auto shares = means(layers_.size(), [this](std::size_t bin, std::size_t activity) {
      return share_of_all_cores(bin, activity);
    });
    const std::span<const Layer> layers = layers_;
    const std::span<const double> of_layers = shares;
    const std::size_t n = occupancy_.n_functions;
    draw_legend(svg_, 64, "cores work:", layers.first(n), of_layers.first(n));
    draw_legend(svg_, 88, "cores wait for:", layers.subspan(n), of_layers.subspan(n));
  }

  void draw_all_cores() {
    draw_stack(svg_, kTop, kCoresHeight, layers_, occupancy_.n_bins,
               [this](std::size_t bin, std::size_t activity) {
                 return share_of_all_cores(bin, activity);
               });
    svg_.label(kLeft - 10, kTop + 12, "end", "all cores, 100 %");
    svg_.label(kLeft - 10, kTop + kCoresHeight, "end", "0 %");
  }

  void draw_each_core(int y) {
    for (std::size_t i = 0; i < occupancy_.cores.size(); ++i) {
      const Occupancy::CoreLine& core = occupancy_.cores[i];
      if (begins_row(i)) {
        y += kRowGap;
        svg_.label(kLeft - 10, y + kStrip + 2, "end",
                   "cores of row " + std::to_string(core.tile.row));
      }
      draw_strip(svg_, y, layers_, occupancy_.n_bins, core.shares);
      y += kStripPitch;
    }
  }

  void draw_dma(int y) {
    const auto shares = means(dma_layers_.size(), [this](std::size_t bin, std::size_t activity) {
      double sum = 0, n_channels = 0;
      for (const Occupancy::DmaLine& line : occupancy_.dma) {
        sum += line.shares.at(bin, activity) * static_cast<double>(line.n_channels);
        n_channels += static_cast<double>(line.n_channels);
      }
      return n_channels == 0 ? 0 : sum / n_channels;
    });
    draw_legend(svg_, y - 14, "DMA channels:", dma_layers_, shares);
    for (const Occupancy::DmaLine& line : occupancy_.dma) {
      draw_stack(
          svg_, y, kDmaHeight, dma_layers_, occupancy_.n_bins,
          [&](std::size_t bin, std::size_t activity) { return line.shares.at(bin, activity); });
      svg_.add("<path class=\"line\" d=\"M%d %dH%zu\"/>\n", kLeft, y + kDmaHeight,
               kLeft + occupancy_.n_bins * kBinWidth);
      svg_.label(kLeft - 10, y + kDmaHeight / 2, "end", line.name);
      svg_.label(kLeft - 10, y + kDmaHeight / 2 + 15, "end",
                 std::to_string(line.n_channels) + " channels");
      y += kDmaPitch;
    }
  }

  const Occupancy& occupancy_;
  const std::vector<Layer> layers_;
  std::vector<Layer> dma_layers_;
  SvgText svg_;
};

}  // namespace

std::string draw_occupancy(const Occupancy& occupancy, std::string_view device) {
  return Picture(occupancy).draw(device);
}

Result<void> write_occupancy(const Trace& trace, const std::string& file, std::string_view device,
                             double hertz) {
  std::ofstream out(file);
  out << draw_occupancy(make_occupancy(trace, hertz, kBins), device);
  if (!out.flush()) return fail(ErrorCode::Unavailable, "cannot write the picture '" + file + "'");
  return {};
}

}  // namespace npuwhisper::emu
