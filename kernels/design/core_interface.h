// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

/// The interface between the array's design and the code of its cores: the layout of a core's
/// memory, the header that begins each job, and the functions that the core's loop calls. The
/// core's code (AIE C++, freestanding), the generator and the planner include this file, so it has
/// only constants, plain structs and declarations of functions.
///
/// The generator writes the following loop for a core (docs/npu.md). A and B are pairs of tiles
/// that are filled alternately, and `slot` selects the current tile. `A: f` means that the loop
/// acquires the current tile of A, calls f, and releases the tile. B and C work in the same way.
/// The counts are in the job's header:
///
///     forever:
///       B: begin_job
///       for a in a_hold:              A: acquire, without releasing
///       for pass in m_passes:
///         begin_pass
///         for a in a_steps:           A: take_a
///         for q in query_steps:       B: take_a, with step q - row
///         for b in b_steps:           B: attend
///         for block in n_blocks:      (the pass's A tiles are sent for each block)
///           begin_block
///           for k in k_steps:         B: for half in a_per_step: A: multiply
///           for r in residual_steps:  B: add_residual
///           for c in c_steps:         C: finish
///       release the A tiles of a_hold
namespace npuwhisper::npu::core {

inline constexpr int kTile = 64;                     ///< Rows and columns of a tile.
inline constexpr int kTileElements = kTile * kTile;  ///< bf16
inline constexpr int kTileBytes = 2 * kTileElements;

/// The shape of the blocks of aie::mmul<m, k, n>. A tile is stored in a core's memory as a
/// row-major matrix of blocks, each block row-major:
///   A  [64/m][64/k][m][k]   from a row-major tile [64 m][64 k]
///   B  [64/k][64/n][k][n]   from a row-major tile [64 k][64 n]
///   C  [64/m][64/n][m][n]   becomes a row-major tile [64 m][64 n] in the memory tile
struct BlockShape {
  int m, k, n;
};
inline constexpr BlockShape kBlocksAie2{4, 8, 4};   ///< AIE2 multiplies bf16 natively.
inline constexpr BlockShape kBlocksAie2p{8, 8, 8};  ///< AIE2P multiplies bf16 as bfp16.

enum Operation : std::int32_t {
  kIdle = 0,       ///< Discards the A tiles of the core's row (a_steps), and writes no C.
  kProduct = 1,    ///< C = epilogue(A B)
  kAttention = 2,  ///< C = softmax(Q K^T) V for one head; Q is already scaled.
  kLayerNorm = 3,  ///< C = one tile of columns of the normalised rows.
};

enum Flag : std::int32_t {
  kGelu = 1,  ///< Product: 0.5 y (1 + erf(y / sqrt 2)), before the residual.
  /// Product: A is replaced by its layer norm; see encoder_add_residual(). This flag must be equal
  /// in all blocks of a job.
  kNormalised = 2,
  kTransposed = 4,  ///< Product: the C tile is written transposed, [64 n][64 m], in C's blocks.
  /// Product on AIE2P: splits each bf16 operand into two bfp16 parts; see encoder_multiply().
  kInParts = 8,
};

inline constexpr int kMaxBlocks = 4;

/// Describes a job. The job's header tile and the job's buffer in a core's memory begin with this
/// struct. The rest of the tile is not read. Each column has its own header. In a product, a column
/// has up to four blocks of 64 columns of the result; in attention and layer norm, it has one
/// block. The numbers in the comments of the members are word indices.
struct JobHeader {
  std::int32_t operation;          ///< 0: Operation
  std::int32_t m_passes;           ///< 1
  std::int32_t n_blocks;           ///< 2: 0 (idle), 1 .. kMaxBlocks
  std::int32_t residual_steps;     ///< 3: 0, or the number of core rows
  std::int32_t a_steps;            ///< 4
  std::int32_t a_hold;             ///< 5: 2 in attention, where both A tiles are scratch; else 0
  std::int32_t b_steps;            ///< 6: attention: two for each tile of keys
  std::int32_t k_steps;            ///< 7: B tiles per block
  std::int32_t c_steps;            ///< 8: 0 or 1
  std::int32_t keep;               ///< 9: the step of take_a whose tile is kept; -1: none
  std::int32_t core_rows;          ///< 10: in pass p, core row i has row tile p * core_rows + i
  std::int32_t valid_rows;         ///< 11: rows of C from this number on are written as zeros
  std::int32_t valid_keys;         ///< 12: attention: keys from this number on get weight 0
  std::int32_t flags[kMaxBlocks];  ///< 13..16: each block's Flag bits
  std::int32_t query_steps;        ///< 17: attention: the number of core rows, else 0
  std::int32_t a_per_step;         ///< 18: A tiles per k step: 1, or kInt8Steps (2)
  /// Layer norm and kNormalised: 1 / number of features (A's columns without padding).
  float inverse_features;
  float epsilon;              ///< Layer norm and kNormalised: constant added to the variance.
  std::int32_t reserved[11];  ///< Zero; aligns the next member to 64 bytes.
  /// Product: bias of each block's columns. Layer norm: [0] is beta of the kept tile's columns.
  float bias[kMaxBlocks][kTile];
  /// kNormalised: sum over k of each column of the rounded B. Layer norm: [0] is gamma of the kept
  /// tile's columns.
  float column_sum[kMaxBlocks][kTile];
  float column_scale[kMaxBlocks][kTile];  ///< kInt8Steps: weight scales of each block's columns.
};
static_assert(sizeof(JobHeader) == 128 + 3072);

/// Value of JobHeader::a_per_step for int8 weights. A tile of int8 weights has as many bytes as a
/// bf16 tile but holds 128 k x 64 columns, so a core multiplies two tiles of A by one tile of
/// weights. In both generations, the order of a tile of weights in a core's memory is
/// [2][64/8][64/8][8 k][8 columns]. The value of a weight is its integer times column_scale.
inline constexpr std::int32_t kInt8Steps = 2;
inline constexpr int kInt8Block = 8;

/// The job's buffer in a core's memory. It has a copy of the header, and the state that the steps
/// of a job share. An attention job has no parameters; it stores the scores of some rows in the
/// place of the parameters, from byte kScoresOffset on.
struct Job {
  JobHeader header;
  float row_sum[kTile];      ///< Sum of each row; attention: sum of the row's weights.
  float row_squares[kTile];  ///< Sum of each row's squares; attention: the row's reference score.
  std::int32_t block;        ///< Current block.
  std::int32_t is_padding;   ///< 1: the pass's rows are padding, and the core skips their products.
  std::int32_t reserved[14];
  /// kInParts: the remainders (second parts) of 8 rows of A, then the negated 8 x 8 unit matrix, in
  /// bf16.
  std::int32_t rests[256 + 32];
  std::int32_t reserved_end[48];
};
static_assert(sizeof(Job) == 5120);
static_assert(offsetof(Job, rests) % 64 == 0);
static_assert(alignof(Job) == 4);  // The generator places a Job at a multiple of 64 bytes.
inline constexpr int kScoresOffset = 128;
inline constexpr int kScoresBytes = sizeof(JobHeader) - kScoresOffset;

/// Layout of a core's memory (64 KiB), in bytes from its start. aiecc's linker script places the
/// stack at 0, and static data (constants that the compiler keeps in memory) after the last buffer.
/// The memory has four banks. Two accesses to a bank in one cycle stall the core, so A, B and the
/// accumulator are in banks of their own, except for the first KiB of each.
inline constexpr int kBankBytes = 16384;
inline constexpr int kStackBytes = 2048;
inline constexpr int kJobAddress = 0x0800;          //  5 KiB
inline constexpr int kCAddress = 0x1c00;            //  8 KiB: one tile
inline constexpr int kAAddress = 0x3c00;            // 16 KiB: two tiles
inline constexpr int kBAddress = 0x7c00;            // 16 KiB: two tiles
inline constexpr int kAccumulatorAddress = 0xbc00;  // 16 KiB: one tile in f32
inline constexpr int kStaticDataBytes = 1024;       // At 0xfc00.

/// Name of the object file with the functions below. Each AIE generation has its own file of this
/// name.
inline constexpr const char* kObject = "encoder_core.o";

}  // namespace npuwhisper::npu::core

/// The functions of a core. Tiles are bf16, in the order of blocks that BlockShape describes. `a`
/// and `b` point to pairs of tiles, and `slot` (0, 1) selects one tile. `accumulator` holds 64 x 64
/// f32 in C's blocks. `row` is the core's row (0 is the lowest), and `step` is the loop's variable.
/// Each function sets the rounding mode (conv_even) and saturation that it needs. Static data holds
/// constants only, kStaticDataBytes in all; all other memory is accessed through the arguments. No
/// function waits.
extern "C" {

/// Copies the header from the current B tile to `job`.
void encoder_begin_job(const void* b, std::int32_t slot, npuwhisper::npu::core::Job* job);

/// Begins a pass. In a product and in layer norm, sets row_sum = row_squares = 0. In attention,
/// sets row_sum = 0 and row_squares (the reference scores) = the lowest score. Sets is_padding if
/// all rows of row tile pass * core_rows + row are at or beyond valid_rows.
void encoder_begin_pass(npuwhisper::npu::core::Job* job, std::int32_t pass, std::int32_t row);

/// Begins a block: sets job->block = block and, in a product, accumulator = 0.
void encoder_begin_block(npuwhisper::npu::core::Job* job, std::int32_t block, float* accumulator);

/// Processes a tile of A or, for queries, a tile of B. The tile is in A's blocks. In an idle job,
/// does nothing. In a product, does nothing either, because the tile belongs to a block that this
/// column lacks. In attention, copies the tile (the queries) to the upper half of `accumulator` if
/// step == header.keep. The upper half begins at byte 8192, and is not used for sums yet. In layer
/// norm, adds the tile's rows to row_sum and row_squares, and also copies the tile to the upper
/// half of `accumulator` if step == header.keep.
void encoder_take_a(const void* a, std::int32_t slot, std::int32_t step,
                    npuwhisper::npu::core::Job* job, float* accumulator);

/// Performs one step of attention. In an even step, the current B tile holds 64 transposed keys,
/// [64 d][64 keys]; the first one is key number step/2*64. In an odd step, the B tile holds the
/// values of these keys, [64 keys][64 d]. The core owns both A tiles. Step 0 first moves the kept
/// queries to A tile 0 and clears the accumulator. An even step computes scores (f32, in strips in
/// the job's buffer) and writes exp(score - reference) to A tile 1 as bf16 weights. A row's
/// reference follows its running maximum (softmax.h). An even step also updates references, sums
/// and accumulator. Keys at and beyond valid_keys get weight 0. An odd step adds weights * values
/// to the accumulator.
void encoder_attend(const void* b, std::int32_t slot, std::int32_t step,
                    npuwhisper::npu::core::Job* job, void* a, float* accumulator);

/// Multiplies the current tiles: accumulator += A * B. `half` (0 .. a_per_step - 1) selects the
/// half of B. With kNormalised, block 0 also adds the A tile's rows to row_sum and row_squares.
/// Later blocks do not, because they get the same tiles again. Does nothing if the pass is padding.
///
/// With kInParts (AIE2P), A and B are split into two bfp16 parts each: the value rounded to bfp16,
/// and the remainder. The result is the sum of three products; the product of the two remainders is
/// left out. The B tile is overwritten.
///
/// With kInt8Steps, each row of the A tile is rounded to int8, -127 .. 127. The row's unit is
/// 2^(e - 6), at least 2^-126. In this formula, e is the exponent of the row's largest magnitude.
/// If that magnitude is 255/128 * 2^e, it would be rounded to 128, so e is increased by one. Values
/// are rounded to the nearest unit, ties to even. The sums of integers are exact, and so are their
/// products with the unit. These products are added to the accumulator in f32. A row with
/// magnitudes of 2^110 and more, or with NaN, has an undefined result; other rows are not affected.
/// The epilogue applies column_scale.
void encoder_multiply(const void* a, std::int32_t a_slot, void* b, std::int32_t b_slot,
                      std::int32_t half, npuwhisper::npu::core::Job* job, float* accumulator);

/// If step == row, applies the epilogue to a product's accumulator and adds the residual:
/// accumulator = y + tile. Otherwise does nothing. The current B tile holds residual rows
/// [64 m][64 n] of core row `step`, in B's blocks. The residual is added last; it is x in x + W h +
/// b, or a positional embedding that is added after GELU.
///
/// The epilogue works in f32, with bias, column_sum and flags of the current block. For int8
/// weights it first multiplies the accumulator by column_scale. The row sums are complete after
/// block 0 and serve all blocks. With mean = row_sum * inverse_features, variance = row_squares *
/// inverse_features - mean^2 (not below 0), rstd = 1 / sqrt(variance + epsilon):
///   y = accumulator + bias, or with kNormalised
///   y = rstd * (accumulator - mean * column_sum) + bias;
///   then gelu(y) with kGelu.
void encoder_add_residual(const void* b, std::int32_t slot, std::int32_t step, std::int32_t row,
                          npuwhisper::npu::core::Job* job, float* accumulator);

/// Writes the C tile in bf16:
///   product:     y as in encoder_add_residual(), or the accumulator as it is if residual_steps is
///                not 0; transposed with kTransposed
///   attention:   accumulator / row_sum
///   layer norm:  (kept - mean) * rstd * gamma + beta
/// Row i of the tile is row (pass * core_rows + row) * 64 + i of C. Rows of C at and beyond
/// valid_rows are written as zeros. With kTransposed, these rows are columns of the tile.
void encoder_finish(npuwhisper::npu::core::Job* job, float* accumulator, void* c, std::int32_t pass,
                    std::int32_t row);

}  // extern "C"
