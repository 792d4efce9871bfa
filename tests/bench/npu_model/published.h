// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <string_view>

/// Measurements on silicon that others have published, in the data types of this project's kernels.
/// A row gives the reason if the model deviates from the measurement. The sources have these names:
///  - G: arXiv 2512.13282;
///  - DRA: a public account of Whisper on a Ryzen 7 PRO 8845HS (drakosha, npu-whisper);
///  - BFP: mlir-aie's example of block data types;
///  - NPE: NpuEmbeddings, HX 370;
///  - GRA: notes on GEMV for granite, HX 370;
///  - UA: Unicorn-Amanuensis, the project's predecessor, with reports of October 2025 on a Ryzen 9
///    8945HS and on Strix Halo.
namespace npuwhisper::bench {

/// The largest accepted deviation of a prediction, relative to the published figure.
inline constexpr double kTolerance = 0.25;

/// A product of bf16 matrices (on npu2 computed in bfp16), [m, k] times [k, n].
struct PublishedProduct {
  std::string_view array, source;
  int m, k, n;
  double seconds;           ///< Duration of a call, dispatch included.
  std::string_view reason;  ///< Known cause of a deviation above kTolerance, or empty.
};

constexpr double seconds_at(double tera_per_second, double m, double k, double n) {
  return 2 * m * k * n / (tera_per_second * 1e12);
}

inline constexpr std::string_view kGenericDesign =
    "IRON's generic design, which is slower for larger shapes; the model assumes one as good as "
    "G's";

inline constexpr std::array kProducts{
    // The abstract of G gives the best rate without a shape. The rows of G therefore use large
    // shapes that fit. The clock's constant is this best rate. The comparison shows whether a whole
    // design sustains this rate.
    PublishedProduct{"npu1", "G", 4096, 2048, 2048, seconds_at(3.14, 4096, 2048, 2048), ""},
    PublishedProduct{"npu1", "DRA, without IRON's wrapper", 512, 512, 512, 0.267e-3, ""},
    PublishedProduct{"npu1", "DRA", 1536, 1536, 384, seconds_at(1.76, 1536, 1536, 384), ""},
    PublishedProduct{"npu1", "DRA", 1536, 1280, 1280, seconds_at(1.41, 1536, 1280, 1280),
                     kGenericDesign},
    PublishedProduct{"npu1", "DRA", 1536, 64, 1536, seconds_at(0.386, 1536, 64, 1536),
                     kGenericDesign},
    PublishedProduct{"npu2", "G", 8192, 2048, 4096, seconds_at(14.71, 8192, 2048, 4096), ""},
    PublishedProduct{
        "npu2", "G", 4096, 2048, 2048, seconds_at(14.71, 4096, 2048, 2048),
        "our 64 x 64 tiles are transferred as fast as they are multiplied (2,048 and 2,053 "
        "cycles), so waits of either side at the ends of passes and jobs are never made up"},
    // The figure was published for 8192 x 4224 x 4096. A column with K = 4224 does not fit into the
    // memory tiles of the design, so this row has half of that K.
    PublishedProduct{"npu2", "BFP", 8192, 2112, 4096, seconds_at(4.8, 8192, 2112, 4096),
                     "an example that is not representative by its own account; G's design handles "
                     "the same type three times as fast"},
};

/// The overhead of a call: its duration without the work.
struct PublishedDispatch {
  std::string_view array, source;
  double seconds;
  std::string_view reason;
};
inline constexpr std::array kDispatches{
    PublishedDispatch{"npu2", "NPE: intercept of a fit over products (the model's constant)",
                      150e-6, ""},
    PublishedDispatch{"npu2", "GRA: intercept of a fit over GEMV", 178e-6, ""},
    PublishedDispatch{"npu2", "UA: intercept of 512^3 int8 on 4 and on 32 cores (0.765, 0.218 ms)",
                      140e-6, ""},
    PublishedDispatch{"npu1", "UA: its smallest kernel, GELU of one tile, from Python", 142e-6, ""},
    PublishedDispatch{"npu1", "UA: 16 x 16 x 16 product, with buffers' copies, from Python", 484e-6,
                      "each call creates, fills and reads back buffers"},
};

/// Bandwidth of host memory over all shims.
struct PublishedBandwidth {
  std::string_view array, source;
  double bytes_per_second;
  std::string_view reason;
};
inline constexpr std::array kBandwidths{
    PublishedBandwidth{"npu2", "GRA: 32 cores by way of memory tiles (the model's constant)",
                       42.7e9, ""},
    PublishedBandwidth{"npu2", "GRA: 8 cores directly", 46.3e9, ""},
    PublishedBandwidth{"npu2", "GRA: slope of a fit over GEMV", 39e9, ""},
    PublishedBandwidth{"npu2", "NPE: slope of a fit over products", 33e9,
                       "the slope includes the products' own time"},
};

}  // namespace npuwhisper::bench
