// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

/// Where the array's design and the code of its cores meet: the layout of what arrives in a core's
/// memory, the header that begins each job, and the functions that the core's loop calls. Included
/// by the core's code (AIE C++, freestanding), by the generator and by the planner: constants and
/// plain structs only.
///
/// A core's loop, as the generator writes it (docs/npu.md); A and B are pairs of tiles that are
/// filled in turn, `slot` is the one in turn, counts stand in the job's header:
///
///     for ever:
///       B: begin_job
///       for a in a_hold:              A: taken, and not released yet
///       for pass in m_passes:
///         begin_pass
///         for a in a_steps:           A: take_a
///         for q in query_steps:       B: take_a, with step q - row
///         for b in b_steps:           B: attend
///         for block in n_blocks:      (the pass's A tiles come once more for each)
///           begin_block
///           for k in k_steps:         B, and for half in a_per_step: A: multiply
///           for r in residual_steps:  B: add_residual
///           for c in c_steps:         C: finish
///       release what a_hold took
namespace npuwhisper::npu::core {

inline constexpr int kTile = 64;                     ///< Rows and columns of a tile.
inline constexpr int kTileElements = kTile * kTile;  ///< bf16
inline constexpr int kTileBytes = 2 * kTileElements;

/// The blocks that aie::mmul<m, k, n> takes. A tile lies in a core's memory as a row-major matrix
/// of blocks, each block row-major:
///   A  [64/m][64/k][m][k]   from a row-major tile [64 m][64 k]
///   B  [64/k][64/n][k][n]   from a row-major tile [64 k][64 n]
///   C  [64/m][64/n][m][n]   becomes a row-major tile [64 m][64 n] in the memory tile
struct BlockShape {
  int m, k, n;
};
inline constexpr BlockShape kBlocksAie2{4, 8, 4};   ///< Native bf16.
inline constexpr BlockShape kBlocksAie2p{8, 8, 8};  ///< By way of bfp16.

enum Operation : std::int32_t {
  kIdle = 0,       ///< Takes its row's A tiles (a_steps) and drops them; no C.
  kProduct = 1,    ///< C = epilogue(A B)
  kAttention = 2,  ///< C = softmax(Q K^T) V for one head; Q is scaled already.
  kLayerNorm = 3,  ///< C = one tile of columns of the normalised rows.
};

enum Flag : std::int32_t {
  kGelu = 1,  ///< Product: 0.5 y (1 + erf(y / sqrt 2)) after all else.
  kNormalised =
      2,  ///< Product: A stands for its layer norm; see encoder_add_residual(). All blocks.
  kTransposed = 4,  ///< Product: the C tile is written transposed, [64 n][64 m], in C's blocks.
  kInParts = 8,     ///< Product of bf16 by way of bfp16: operands in two parts; encoder_multiply().
};

inline constexpr int kMaxBlocks = 4;

/// What a job is: the first bytes of its header tile, and so of the job's buffer. The rest of the
/// tile is not read. Each column has its own header. A product's column has up to four blocks of 64
/// columns of the result; other operations have one.
struct JobHeader {
  std::int32_t operation;       ///< 0: Operation
  std::int32_t m_passes;        ///< 1
  std::int32_t n_blocks;        ///< 2: 0 (idle), 1 .. kMaxBlocks
  std::int32_t residual_steps;  ///< 3: 0, or the number of core rows
  std::int32_t a_steps;         ///< 4
  std::int32_t a_hold;          ///< 5: 0, or 2: both A tiles, a core's scratch while it attends
  std::int32_t b_steps;         ///< 6: attention: two for each tile of keys
  std::int32_t k_steps;         ///< 7: B tiles of a block
  std::int32_t c_steps;         ///< 8: 0 or 1
  std::int32_t keep;            ///< 9: the step of take_a whose tile is kept; -1: none
  std::int32_t core_rows;       ///< 10: of the array; pass p, row i is row tile p * core_rows + i
  std::int32_t valid_rows;      ///< 11: rows of C at and beyond this one are written as zeros
  std::int32_t valid_keys;      ///< 12: attention: keys at and beyond this one get weight zero
  std::int32_t flags[kMaxBlocks];  ///< 13..16: of each block: Flag, or-ed
  std::int32_t query_steps;        ///< 17: attention: the number of core rows, else 0
  std::int32_t a_per_step;         ///< 18: A tiles of a k step: 1; 2: kInt8Steps
  float inverse_features;          ///< Layer norm: 1 / number of features (A's columns, unpadded).
  float epsilon;                   ///< Layer norm, added to the variance.
  std::int32_t reserved[11];       ///< Zero; what follows is aligned to 64 bytes.
  float bias[kMaxBlocks][kTile];   ///< Product: of each block's columns. Layer norm: [0]: beta.
  float column_sum[kMaxBlocks][kTile];  ///< kNormalised: sums over k of B (as rounded). Layer norm:
                                        ///< [0]: gamma. Both of the kept tile's columns.
  float column_scale[kMaxBlocks][kTile];  ///< kInt8Steps: of the weights, of each block's columns.
};
static_assert(sizeof(JobHeader) == 128 + 3072);

/// a_per_step where the weights are int8: an object of B, as large as a tile of bf16, holds 128 k x
/// 64 columns, and so goes with two tiles of A. Their order in a core's memory, in both
/// generations, is [2][64/8][64/8][8 k][8 columns]; a weight is its integer times column_scale.
inline constexpr std::int32_t kInt8Steps = 2;
inline constexpr int kInt8Block = 8;

/// The job's buffer in a core's memory: the header's copy, and what lives from step to step. A job
/// that attends has no parameters: there, from kScoresOffset on, it keeps the scores of some rows.
struct Job {
  JobHeader header;
  float row_sum[kTile];      ///< Sums of rows; attention: sums of weights.
  float row_squares[kTile];  ///< Sums of squared rows; attention: running maximum.
  std::int32_t block;        ///< The block in turn.
  std::int32_t is_padding;   ///< The pass's rows are padding: nothing is multiplied for them.
  std::int32_t reserved[14];
  std::int32_t rests[256 + 32];  ///< kInParts, bf16: the rests of 8 rows of A; 8 x 8 of the core's.
  std::int32_t reserved_end[48];
};
static_assert(sizeof(Job) == 5120);
static_assert(offsetof(Job, rests) % 64 == 0);
static_assert(alignof(Job) == 4);  // The generator places it at a multiple of 64 bytes.
inline constexpr int kScoresOffset = 128;
inline constexpr int kScoresBytes = sizeof(JobHeader) - kScoresOffset;

/// A core's memory, in bytes from its start (64 KiB). The stack begins at 0: aiecc's linker script
/// puts it there, and static data (constants that the compiler keeps in memory) after the last
/// buffer.
inline constexpr int kStackBytes = 2048;
inline constexpr int kJobAddress = 0x0800;          //  5 KiB
inline constexpr int kAAddress = 0x1c00;            // 16 KiB, a pair
inline constexpr int kBAddress = 0x5c00;            // 16 KiB, a pair
inline constexpr int kAccumulatorAddress = 0x9c00;  // 16 KiB, f32
inline constexpr int kCAddress = 0xdc00;            //  8 KiB
inline constexpr int kStaticDataBytes = 1024;       // from 0xfc00

/// The object file of the functions below; one for each AIE generation, under the same name.
inline constexpr const char* kObject = "encoder_core.o";

}  // namespace npuwhisper::npu::core

/// The functions of a core. Tiles are bf16 in the blocks above; `a` and `b` point to pairs of
/// tiles, `slot` (0, 1) says which one it is. `accumulator` holds 64 x 64 f32 in C's blocks.
/// `row` is the core's row (0 is the lowest), `step` the loop's variable. Each function sets the
/// rounding mode (conv_even) and saturation that it needs; none keeps anything in static data
/// (which is constants only, kStaticDataBytes in all); all other memory is reached through the
/// arguments. No function waits.
extern "C" {

/// Copies the header out of the B tile in turn, into `job`.
void encoder_begin_job(const void* b, std::int32_t slot, npuwhisper::npu::core::Job* job);

/// Before each pass. Product, layer norm: row_sum = row_squares = 0. Attention: row_sum = 0,
/// row_squares (the maximum) = lowest. Notes whether row tile pass * core_rows + row is padding
/// alone, at and beyond valid_rows.
void encoder_begin_pass(npuwhisper::npu::core::Job* job, std::int32_t pass, std::int32_t row);

/// Before each block: job->block = block. Product: accumulator = 0.
void encoder_begin_block(npuwhisper::npu::core::Job* job, std::int32_t block, float* accumulator);

/// A tile in A's blocks passes: of A, or, where queries come, of B. Idle, product (tiles for blocks
/// that this column lacks): nothing. Attention: where step == header.keep, the tile (the queries)
/// is kept in the upper half of `accumulator` (from byte 8192; nothing is accumulated yet). Layer
/// norm: row_sum and row_squares gain this tile's rows; where step == header.keep it is kept
/// likewise.
void encoder_take_a(const void* a, std::int32_t slot, std::int32_t step,
                    npuwhisper::npu::core::Job* job, float* accumulator);

/// The B tile in turn is, for an even step, keys step/2*64.. transposed, [64 d][64 keys]; for an
/// odd step the values of the same keys, [64 keys][64 d]. Both A tiles belong to the core now. Step
/// 0 first moves the kept queries to A tile 0 and sets the accumulator to zero. Even: scores (f32,
/// strips in the job's buffer) less the running maximum, exp, to bf16 weights in A tile 1; the
/// maximum, the sums and the accumulator are corrected. Keys at and beyond valid_keys get weight 0.
/// Odd: accumulator += weights * values.
void encoder_attend(const void* b, std::int32_t slot, std::int32_t step,
                    npuwhisper::npu::core::Job* job, void* a, float* accumulator);

/// accumulator += A * B of the tiles in turn; `half` (0, a_per_step - 1) says which half of B. With
/// kNormalised, in block 0, row_sum and row_squares gain the A tile's rows (in further blocks the
/// same tiles come again). Nothing of this where the pass is padding.
///
/// kInParts (AIE2P): A and B become two bfp16 parts each, what the block's format keeps of a value
/// and the rest of it, and the sum is that of three products: all but the two rests'. The B tile
/// does not survive it.
///
/// kInt8Steps: each row of the A tile is rounded to int8, -127 .. 127. Its unit is 2^(e - 6), e the
/// exponent of its largest magnitude, or one more where that would be rounded to 128 (255/128 *
/// 2^e); at least 2^-126. Values go to the nearest unit, ties to even. The integers' sums, which
/// are exact, times the unit, which is exact too, are added to the accumulator in f32. A row with
/// magnitudes of 2^110 and more, or with what is no number, becomes anything; other rows are not
/// touched by it. column_scale comes in the epilogue.
void encoder_multiply(const void* a, std::int32_t a_slot, void* b, std::int32_t b_slot,
                      std::int32_t half, npuwhisper::npu::core::Job* job, float* accumulator);

/// What a product's accumulator goes through, in f32, before it is written; bias, column_sum and
/// flags are those of the block in turn. With mean = row_sum * inverse_features, variance =
/// row_squares * inverse_features - mean^2 (not below 0), rstd = 1 / sqrt(variance + epsilon) (the
/// sums are complete after block 0, and hold for all blocks), and the accumulator times
/// column_scale first where there is one:
///   y = accumulator + bias, or with kNormalised
///   y = rstd * (accumulator - mean * column_sum) + bias;
///   then kGelu.
///
/// The B tile in turn is residual rows [64 m][64 n] of core row `step`, in B's blocks (the residual
/// is added last: x + W h + b, or a position's embedding after GELU). Where step == row:
/// accumulator = y + tile; else nothing.
void encoder_add_residual(const void* b, std::int32_t slot, std::int32_t step, std::int32_t row,
                          npuwhisper::npu::core::Job* job, float* accumulator);

/// Writes the C tile:
///   product:     y as above, or, where residual_steps is not 0, the accumulator as it is; to bf16;
///                kTransposed.
///   attention:   accumulator / row_sum
///   layer norm:  (kept - mean) * rstd * gamma + beta
/// Rows (pass * core_rows + row) * 64 + i at and beyond valid_rows are zeros (with kTransposed they
/// are the tile's columns).
void encoder_finish(npuwhisper::npu::core::Job* job, float* accumulator, void* c, std::int32_t pass,
                    std::int32_t row);

}  // extern "C"
