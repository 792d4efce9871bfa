// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>
#include <fstream>
#include <span>
#include <utility>

#include "emulator/array/occupancy.h"
#include "emulator/array/svg_charts.h"

namespace npuwhisper::emu {
namespace {

using namespace chart;

// Sizes in pixels.
constexpr int kTop = 112;
constexpr int kCoresHeight = 160, kStripPitch = 10, kRowGap = 6;
constexpr int kDmaHeight = 36, kDmaPitch = 46, kGap = 34;

// Colours for functions, in an order that readers with colour blindness can distinguish. Waits are
// grey.
constexpr const char* kFunctionColours[] = {"#2f7ebc", "#e08214", "#1b9e77",
                                            "#c75a93", "#8c6bb1", "#b8a000"};
constexpr const char* kWaitColours[] = {"#8a929b", "#b3bac2", "#d6dade", "#e9ebee"};
constexpr const char* kDmaColours[] = {"#2f7ebc", "#b3bac2", "#d6dade"};

constexpr std::string_view kWait = "wait for ";

// The style follows the reader's colour scheme: text is dark on light pages and light on dark
// pages.
constexpr const char* kStyle =
    "<style>text{font:13px sans-serif;fill:#3d444d}.title text{font-size:18px}"
    ".line{stroke:#8a929b;stroke-width:1;fill:none}"
    "@media(prefers-color-scheme:dark){text{fill:#c3ccd6}}</style>\n";

std::vector<Layer> layers_of(const Occupancy& occupancy) {
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < occupancy.activities.size(); ++i) {
    const bool is_function = i < occupancy.n_functions;
    const char* colour =
        is_function ? kFunctionColours[i] : kWaitColours[i - occupancy.n_functions];
    // Omit the prefix of "wait for b_full", because the name appears next to "cores wait for".
    std::string name = occupancy.activities[i];
    if (name.starts_with(kWait)) name.erase(0, kWait.size());
    layers.push_back({std::move(name), colour});
  }
  return layers;
}

/// Draws one picture, from top to bottom.
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
  /// Returns the means of share(bin, activity) over all bins, for each of `n` activities.
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
    std::snprintf(
        title, sizeof title,
        ": activity of %zu cores and the DMA in %.3g ms, predicted by the emulator's clock",
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
      draw_strip(svg_, y, layers_, occupancy_.n_bins, [&](std::size_t bin, std::size_t activity) {
        return core.shares.at(bin, activity);
      });
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
