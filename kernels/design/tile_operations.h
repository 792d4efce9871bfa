// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "array/array_model.h"

namespace npuwhisper::npu {

/// Vector operations of the cores' functions for one 64 x 64 tile, in the unit of
/// NpuWhisperCoreState::vector_ops. Matrix products are not included. The planner computes
/// predictions from these numbers, and a test compares them with the functions.
struct TileOperations {
  double scores;      ///< Attention: softmax of a tile of scores.
  double attention;   ///< Attention: division by the rows' sums, and writing the tile.
  double int8;        ///< Multiplication by int8 weights: rounding A, adding the sums.
  double in_parts;    ///< Multiplication of operands in two parts: splitting the operands.
  double finish;      ///< Product: bias, and writing the tile.
  double scales;      ///< Product: multiplying by the scales of int8 weights.
  double gelu;        ///< Product: GELU.
  double normalise;   ///< Product: layer norm of A, applied to the sums.
  double statistics;  ///< Means and deviations of 64 rows.
  double sums;        ///< Adding a tile of A to the sums of its rows.
  double transpose;   ///< Product: transposing the tile.
  double residual;    ///< Product: adding a tile of the residual.
  double layer_norm;  ///< Layer norm: normalising and writing a tile.
};

inline constexpr TileOperations kAie2Operations{.scores = 4720,
                                                .attention = 2329,
                                                .int8 = 2093,
                                                .in_parts = 0,
                                                .finish = 512,
                                                .scales = 1585,
                                                .gelu = 6155,
                                                .normalise = 2945,
                                                .statistics = 569,
                                                .sums = 769,
                                                .transpose = 272,
                                                .residual = 512,
                                                .layer_norm = 5563};
inline constexpr TileOperations kAie2pOperations{.scores = 1824,
                                                 .attention = 1733,
                                                 .int8 = 1722,
                                                 .in_parts = 1028,
                                                 .finish = 512,
                                                 .scales = 1065,
                                                 .gelu = 2699,
                                                 .normalise = 2017,
                                                 .statistics = 414,
                                                 .sums = 513,
                                                 .transpose = 144,
                                                 .residual = 512,
                                                 .layer_norm = 3840};

constexpr const TileOperations& tile_operations(Generation generation) {
  return generation == Generation::Aie2 ? kAie2Operations : kAie2pOperations;
}

}  // namespace npuwhisper::npu
