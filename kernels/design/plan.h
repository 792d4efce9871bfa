// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "array/clock_constants.h"
#include "array/transaction.h"
#include "design/core_interface.h"
#include "design/design_spec.h"
#include "design/frame_runs.h"
#include "design/operation.h"

namespace npuwhisper::npu {

/// A block of 64 columns of a result.
struct ColumnBlock {
  int part = 0;  ///< Product: index of the part, for pack().
  /// Index of the first column in the part's output (product) or in the operation's output. In
  /// attention, it is the head's first column.
  int first_column = 0;
  int n_columns = 0;        ///< Number of the 64 columns that are not padding.
  HostMatrix result{};      ///< The whole matrix that the block's columns are written to.
  bool transposed = false;  ///< `result` is written transposed.
};

/// Keys and values of one head, from its first column on.
struct KeysAndValues {
  HostMatrix keys{};  ///< Transposed.
  HostMatrix values{};
};

/// One core column's work in a job. The column's B channels transfer the panel from the packed
/// buffer: the header tile, then each block's weights, in tiles of 64 k (bf16) or 128 k (int8).
struct Panel {
  core::JobHeader header{};           ///< Counts only; pack_panels() adds the parameters.
  std::vector<ColumnBlock> blocks{};  ///< Empty if the column is idle.
  int weight_tiles = 0;               ///< Number of weight tiles in all blocks.
  /// The residual, or the queries of attention. B carries its rows pass by pass. It begins at the
  /// job's first row and the block's first column.
  std::optional<HostMatrix> rows{};
  std::optional<KeysAndValues> attended{};  ///< Attention only.
  std::uint64_t offset = 0;                 ///< Bytes from the start of the packed buffer.
};

/// The work of all cores from one header to the next.
struct Job {
  std::size_t operation = 0;
  HostMatrix input{};  ///< The matrix from which the core rows get A.
  int first_row = 0;
  int m_passes = 0;
  /// Blocks of the fullest column. Each core row's A is sent this many times in a pass.
  int n_blocks = 1;
  int a_tiles = 0;  ///< Tiles that each core row gets from the host in a pass of A.
  /// Number of passes of A. It is equal to m_passes, except in attention. Attention has two passes
  /// of one tile each, and the cores hold these tiles as scratch.
  int a_passes = 0;
  int a_slot_tiles = 0;  ///< Tiles in each of a memory tile's two slots for A.
  /// Product: tiles in each of a memory tile's two slots through which the host sends the weights
  /// and the residual of each pass. 0: the weights stay in the memory tile during the job.
  int b_slot_tiles = 0;
  /// Spectrum: the frames of a core row. The memory tile keeps the samples and cuts A's tiles from
  /// them. The slots are not used.
  std::optional<FrameRun> run{};
  int row_frames = 0;   ///< Spectrum: distance between the first frames of adjacent core rows.
  int first_frame = 0;  ///< Spectrum: first frame of `run`, relative to the core row's first frame.
  int active_columns = 0;  ///< Number of core columns, from the first on, that have a result.
  std::vector<Panel> panels{};
};

/// Arithmetic of an operation's matrix products on the cores.
enum class Arithmetic {
  Bf16Rounded,  ///< bf16. AIE2P rounds the operands to bfp16.
  Bf16,         ///< bf16 on both generations.
  Int16,
};

/// Work of an operation, and how it is divided into jobs.
struct OperationPlan {
  Arithmetic arithmetic =
      Arithmetic::Bf16Rounded;  ///< Used for all products but those with int8 weights.
  bool skips_padding = false;   ///< The cores do not multiply row tiles without valid rows.
  std::string shape;            ///< Kind and sizes, such as "product 1500 x 512 x 2048, gelu".
  std::string reason;           ///< How the operation is divided into jobs, and why.
  std::size_t first_job = 0, n_jobs = 0;
  int padded_rows = 0;            ///< Number of rows read and written, padding included.
  std::uint64_t macs = 0;         ///< Multiply-accumulates of the operation's matrix products.
  std::uint64_t padded_macs = 0;  ///< Multiply-accumulates of the cores, padding included.
  std::uint64_t bytes_in = 0, bytes_out = 0;  ///< Bytes that cross the shims.
};

/// Returns the number of tiles that a job's A takes in a memory tile.
int a_room(const Job& job);

/// A sequence of operations on one array configuration, as one instruction stream. Plain data.
struct Plan {
  DesignSpec spec{};
  int packed_argument = 0;
  std::uint64_t packed_bytes = 0;
  std::vector<Operation> operations{};
  std::vector<OperationPlan> figures{};  ///< Their costs, in the order of `operations`.
  std::vector<Job> jobs{};
  std::vector<Instruction> instructions{};
  int n_descriptors = 0;  ///< Descriptors that the stream writes.
  int n_syncs = 0;

  /// Returns the encoded instruction stream. Argument i of its address patches is buffer i of the
  /// run.
  std::vector<std::uint32_t> stream() const;
  /// Returns the predicted duration of a run, including dispatch. No run is emulated.
  double predicted_seconds(const ArrayClock& clock) const;
  double predicted_seconds(Basis basis) const {
    return predicted_seconds(clock_of(spec.array->generation, basis));
  }
  std::string describe() const;
};

/// Plans `operations` in order. Each operation may read the results of earlier operations. Buffer
/// `packed_argument` holds the packed weights and headers. Errors: InvalidArgument (invalid shape
/// or address), Unsupported (does not fit this design; the message says what is needed and what is
/// available).
Result<Plan> make_plan(const DesignSpec& spec, std::span<const Operation> operations,
                       int packed_argument);

}  // namespace npuwhisper::npu
