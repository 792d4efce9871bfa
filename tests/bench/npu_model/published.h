// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <string_view>

#include "array/clock_constants.h"

/// Measurements on silicon that others have published, in the data types of this project's kernels.
/// Some figures are computed from published ones: rates from durations, intercepts of fits, and
/// AIR's time for a pair of blocks from its whole attention. The clocks of DRA's and TIB's machines
/// are not known; the rows assume 1.6 GHz. A row gives the reason if the model deviates from the
/// measurement. The sources have these names:
///  - G: arXiv 2512.13282;
///  - DRA: a public account of Whisper on a Ryzen 7 PRO 8845HS (drakosha, npu-whisper);
///  - IGN: ignite-xdna, Ryzen 7 8700G;
///  - TIB: xdna-npu-toolkit, Phoenix;
///  - EMU: xdna-emu, Ryzen 7 7840U;
///  - BFP: mlir-aie's example of block data types;
///  - AIR: AMD's mlir-air, HX 370;
///  - NPE: NpuEmbeddings, HX 370;
///  - CAS: bitnet-xdna2-strix-halo;
///  - ATA: xdna-engine, Krackan;
///  - IRN: amd/IRON's issues and pull requests;
///  - GRA: notes on GEMV for granite, HX 370;
///  - UA: Unicorn-Amanuensis, the project's predecessor, with reports of October 2025 on a Ryzen 9
///    8945HS and on Strix Halo.
namespace npuwhisper::bench {

using npu::Basis;

/// The largest accepted deviation of a prediction, relative to the published figure.
inline constexpr double kTolerance = 0.25;

/// The design that a measurement used, and the clock for comparing it with the model.
struct PublishedOn {
  std::string_view array, source;
  Basis basis = Basis::OpenKernels;  ///< BestPublished: the row tests the constants of this basis.
  double hertz = 0;                  ///< Clock of the machine, or 0: the clock's own.
  int core_rows = 4;
  int core_columns = 0;    ///< 0: all of the array.
  bool is_source = false;  ///< A constant of the clock is this figure, so the row does not count.
};

inline constexpr std::string_view kGenericDesign =
    "IRON's generic design, which is slower for thin and for larger shapes";
inline constexpr std::string_view kTiles =
    "our 64 x 64 tiles are transferred as fast as they are multiplied (2,048 and 2,053 cycles), so "
    "waits of either side at the ends of passes and jobs are never made up";
inline constexpr std::string_view kShort =
    "the published duration is shorter than most published dispatches alone";
inline constexpr std::string_view kPlannerOnly =
    "in the planner's prediction only, which leaves out waits between jobs; the clock deviates by "
    "less";
inline constexpr std::string_view kDeep =
    "npuwhisper's design has no room for columns of 8,192 weights in a memory tile, so it reads "
    "the "
    "weights again for each pass";
inline constexpr std::string_view kTransfers =
    "the published design transfers more: host memory limits it, at 45.5 GB/s";
inline constexpr std::string_view kUnknown =
    "unknown; the source does not say what limits the design";
inline constexpr std::string_view kBf16Norm =
    "the published kernel computes in bf16; npuwhisper's computes in f32, from products of bf16 "
    "parts";
inline constexpr std::string_view kHeads =
    "0.63 ms of the published durations do not depend on the number of heads; and for a pair of "
    "blocks, the same kernel takes 2.5 times as long as with 16,384 positions";

/// A product of bf16 matrices (on npu2 computed in bfp16), [m, k] times [k, n].
struct PublishedProduct {
  PublishedOn on;
  int m, k, n;
  double tera_per_second;   ///< Rate of a call, in 1e12 operations; a MAC counts as two.
  std::string_view reason;  ///< Known cause of a deviation above kTolerance, or empty.

  double macs() const { return 1.0 * m * k * n; }
  double seconds() const { return 2 * macs() / (tera_per_second * 1e12); }
};

inline constexpr std::array kProducts{
    // The abstract of G gives the best rate without a shape. The rows of G therefore use large
    // shapes that fit. The clock's constant is this best rate. The comparison shows whether a whole
    // design sustains this rate.
    PublishedProduct{
        {.array = "npu1", .source = "G", .basis = Basis::BestPublished, .is_source = true},
        4096,
        2048,
        2048,
        3.14,
        ""},
    PublishedProduct{
        {.array = "npu2", .source = "G", .basis = Basis::BestPublished, .is_source = true},
        8192,
        2048,
        4096,
        14.71,
        ""},
    PublishedProduct{
        {.array = "npu2", .source = "G", .basis = Basis::BestPublished, .is_source = true},
        4096,
        2048,
        2048,
        14.71,
        kTiles},

    PublishedProduct{
        {.array = "npu1", .source = "IGN, tiles of 32 x 128", .hertz = 1.8e9, .is_source = true},
        2048,
        4096,
        4096,
        2.700,
        ""},
    PublishedProduct{{"npu1", "IGN, tiles of 64 x 64", {}, 1.8e9}, 2048, 2048, 2048, 2.490, ""},
    PublishedProduct{{"npu1", "IGN, tuned", {}, 1.8e9}, 1024, 1024, 1024, 2.072, ""},
    PublishedProduct{{"npu1", "TIB"}, 4096, 384, 1152, 1.377, kGenericDesign},
    PublishedProduct{{"npu1", "TIB"}, 512, 512, 512, 0.922, ""},
    PublishedProduct{{"npu1", "DRA, without IRON's wrapper"}, 512, 512, 512, 1.005, ""},
    PublishedProduct{{"npu1", "DRA"}, 1536, 1536, 384, 1.76, ""},
    PublishedProduct{{"npu1", "DRA"}, 1536, 1280, 1280, 1.41, kGenericDesign},
    PublishedProduct{{"npu1", "DRA"}, 1536, 64, 1536, 0.386, kGenericDesign},

    PublishedProduct{{"npu2", "AIR, f32 results"}, 512, 512, 512, 1.870, kShort},
    PublishedProduct{{"npu2", "AIR, f32 results"}, 1024, 1024, 1024, 6.337, ""},
    PublishedProduct{{"npu2", "AIR, f32 results"}, 2048, 2048, 2048, 8.540, kPlannerOnly},
    PublishedProduct{{"npu2", "AIR, f32 results"}, 2048, 8192, 2048, 9.492, kDeep},
    PublishedProduct{{"npu2", "AIR, f32 results"}, 2048, 2048, 512, 7.384, ""},
    PublishedProduct{{"npu2", "AIR, bf16 results"}, 2048, 2048, 2048, 6.215, kUnknown},
    PublishedProduct{{"npu2", "AIR, an encoder's sizes"}, 1024, 768, 768, 4.060, ""},
    PublishedProduct{{"npu2", "AIR, an encoder's sizes"}, 1024, 768, 3072, 4.453, kUnknown},
    PublishedProduct{{"npu2", "AIR, an encoder's sizes"}, 1024, 3072, 768, 5.696, ""},
    PublishedProduct{
        {"npu2", "NPE, 16 cores", {}, 1.808e9, 4, 4}, 8192, 768, 3072, 3.860, kTransfers},
    // The figure was published for 8192 x 4224 x 4096. A column with K = 4224 does not fit into the
    // memory tiles of the design, so this row has half of that K.
    PublishedProduct{{"npu2", "BFP"},
                     8192,
                     2112,
                     4096,
                     4.8,
                     "an example that is not representative by its own account"},
};

/// Attention of heads with 64 columns, over `n` queries and `n` keys.
struct PublishedAttention {
  PublishedOn on;
  int n, n_heads;
  double seconds;
  std::string_view reason;
};
inline constexpr std::array kAttentions{
    PublishedAttention{{"npu2", "AIR"}, 512, 12, 1.22e-3, kHeads},
    PublishedAttention{{"npu2", "AIR"}, 512, 64, 3.79e-3, kHeads},
    PublishedAttention{{"npu2", "AIR, an encoder's size"}, 1024, 12, 2.798e-3, kHeads},
};

/// Attention of a 64 x 64 block of queries with one of keys, on one core, without its transfers.
struct PublishedBlock {
  PublishedOn on;
  double seconds;
  std::string_view reason;
};
inline constexpr std::array kBlocks{
    PublishedBlock{{"npu2", "CAS: three stock kernels, fused in one core", {}, 0, 1, 1},
                   18.845e-6,
                   "the stock softmax takes 4.1 cycles a score for its exponential alone"},
    PublishedBlock{{"npu2", "AIR: 16384 x 16384, per core", {}, 0, 1, 1}, 9.8e-6, ""},
};

/// GELU or layer norm of m x n values.
struct PublishedPass {
  PublishedOn on;
  int m, n;
  double seconds;
  std::string_view reason;
};
inline constexpr std::array kGelus{
    PublishedPass{{"npu2", "AIR, 1 core", {}, 0, 1, 1}, 1024, 3072, 7.181e-3, ""},
    PublishedPass{{"npu2", "AIR, 16 cores", {}, 0, 4, 4}, 1024, 3072, 0.522e-3, ""},
};
inline constexpr std::array kLayerNorms{
    PublishedPass{{"npu2", "AIR, 1 core", {}, 0, 1, 1}, 1024, 768, 1.974e-3, kBf16Norm},
    PublishedPass{{"npu2", "AIR, 8 cores", {}, 0, 4, 2}, 1024, 768, 0.324e-3, kBf16Norm},
};

/// An encoder of transformer blocks, as long as its whole run took.
struct PublishedEncoder {
  PublishedOn on;
  int n_positions, n_state, n_heads, n_layers;
  double seconds;
  std::string_view reason;
};
inline constexpr std::string_view kManyLaunches =
    "many launches, with work of the host between them; npuwhisper's encoder is one submission";
inline constexpr std::array kEncoders{
    PublishedEncoder{{"npu1", "DRA, Whisper tiny"}, 1500, 384, 6, 4, 0.484, kManyLaunches},
    PublishedEncoder{{"npu1", "DRA, Whisper small"}, 1500, 768, 12, 12, 1.507, kManyLaunches},
    PublishedEncoder{{"npu2", "AIR, SigLIP"}, 1024, 768, 12, 12, 0.136, kManyLaunches},
};

/// The overhead of a call: its duration without the work.
struct PublishedDispatch {
  std::string_view array, source;
  double seconds;
  std::string_view reason;
  bool is_source = false;  ///< See PublishedOn.
};
inline constexpr std::array kDispatches{
    PublishedDispatch{"npu2", "NPE: intercept of a fit over products", 150e-6, "", true},
    PublishedDispatch{"npu2", "GRA: intercept of a fit over GEMV", 178e-6, ""},
    PublishedDispatch{"npu2", "UA: intercept of 512^3 int8 on 4 and on 32 cores (0.765, 0.218 ms)",
                      140e-6, ""},
    PublishedDispatch{"npu2", "CAS: median of warm calls", 198e-6, ""},
    PublishedDispatch{"npu1", "UA: its smallest kernel, GELU of one tile, from Python", 142e-6, ""},
    PublishedDispatch{"npu1", "IGN: a round trip from C++", 108e-6,
                      "the shortest of an application with buffers of its own"},
    PublishedDispatch{"npu1", "xrt-smi's own test", 100e-6,
                      "a run without an application's buffers"},
    PublishedDispatch{"npu2", "xrt-smi's own test, Strix Halo", 52e-6,
                      "a run without an application's buffers"},
    PublishedDispatch{"npu2", "xrt-smi's own test, Krackan", 63e-6,
                      "a run without an application's buffers"},
    PublishedDispatch{"npu1", "UA: 16 x 16 x 16 product, with buffers' copies, from Python", 484e-6,
                      "each call creates, fills and reads back buffers"},
};

/// Bandwidth of host memory over all shims.
struct PublishedBandwidth {
  std::string_view array, source;
  double bytes_per_second;
  std::string_view reason;
  bool is_source = false;  ///< See PublishedOn.
};
inline constexpr std::array kBandwidths{
    PublishedBandwidth{"npu2", "GRA: 32 cores by way of memory tiles", 42.7e9, ""},
    PublishedBandwidth{"npu2", "GRA: 8 cores directly", 46.3e9, ""},
    PublishedBandwidth{"npu2", "GRA: slope of a fit over GEMV", 39e9, ""},
    PublishedBandwidth{"npu2", "NPE: slope of a fit over products", 33e9,
                       "the slope includes the products' own time"},
    PublishedBandwidth{"npu2", "NPE: traced in a product", 45.5e9, "", true},
    PublishedBandwidth{"npu2", "NPE: traced in thin products", 33.2e9, "thin shapes use few shims"},
    PublishedBandwidth{"npu2", "ATA: copying", 47e9, ""},
    PublishedBandwidth{"npu2", "ATA: in a product", 57e9,
                       "the highest rate that was published for a product"},
    PublishedBandwidth{"npu2", "CAS", 51.2 * 1073741824.0, ""},
    PublishedBandwidth{"npu2", "IRN: copying, both directions", 66e9,
                       "copying overlaps reads and writes fully"},
    PublishedBandwidth{"npu1", "IGN: group norm, both directions", 38.9e9, "", true},
    PublishedBandwidth{"npu1", "IGN: copying on four columns, both directions", 56.2e9,
                       "copying overlaps reads and writes fully"},
};

/// Duration of an operation of an instruction stream.
struct PublishedInstruction {
  std::string_view source;
  int accesses;  ///< 2: the operation reads before it writes.
  int n_words;
  double seconds;
};
inline constexpr std::array kInstructions{
    PublishedInstruction{"EMU: write of a register", 1, 1, 100.5 / 1.03e9},
    PublishedInstruction{"EMU: masked write", 2, 1, 210 / 1.03e9},
    PublishedInstruction{"EMU: write of a block of 8", 1, 8, 203 / 1.03e9},
    PublishedInstruction{"IGN: average over whole streams (assumed: a block of 4)", 1, 4, 145e-9},
};

}  // namespace npuwhisper::bench
