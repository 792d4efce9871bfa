// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "array/transaction.h"
#include "design/core_interface.h"
#include "design/design_spec.h"
#include "design/frame_runs.h"
#include "design/operation.h"

namespace npuwhisper::npu {

/// 64 columns of a result.
struct ColumnBlock {
  int part = 0;          ///< Product: of which part.
  int first_column = 0;  ///< Product: of the part. Attention: the head's first. Layer norm: of C.
  int n_columns = 0;     ///< Of the 64, those that are not padding.
};

/// What one core column does in a job, and what B brings it from the packed buffer: the header
/// tile, then each block's weights, tile by tile of 64 k.
struct Panel {
  core::JobHeader header{};           ///< Its counts; the parameters are packed with the weights.
  std::vector<ColumnBlock> blocks{};  ///< None: the column is idle.
  int weight_tiles = 0;               ///< Of all blocks.
  std::uint64_t offset = 0;           ///< Bytes from the start of the packed buffer.
};

/// What all cores do between two headers.
struct Job {
  std::size_t operation = 0;
  int first_row = 0;
  int m_passes = 0;
  int n_blocks = 1;      ///< Of the fullest column; each core row's A is played as often a pass.
  int a_tiles = 0;       ///< That each core row gets in a pass of A from the host.
  int a_passes = 0;      ///< m_passes; attention: two of one tile, which a core holds as scratch.
  int a_slot_tiles = 0;  ///< That come into a memory tile at once; it has two such slots.
  /// Spectrum: A's tiles are cut from samples that stay in the memory tile, in place of the slots.
  std::optional<FrameRun> run{};
  int row_frames = 0;      ///< From a core row's first frame to the next one's,
  int first_frame = 0;     ///< and of each core row's frames, the run's first.
  int active_columns = 0;  ///< The first so many core columns have a result.
  std::vector<Panel> panels{};
};

/// What an operation costs, and why it was cut as it was.
struct OperationPlan {
  std::string shape;   ///< "product 1500 x 512 x 2048, gelu"
  std::string reason;  ///< How it is cut, and why.
  std::size_t first_job = 0, n_jobs = 0;
  int padded_rows = 0;            ///< Rows of input that are read, and of output that are written.
  std::uint64_t macs = 0;         ///< Multiply-accumulates of its matrix products,
  std::uint64_t padded_macs = 0;  ///< and those that the cores do, padding included.
  std::uint64_t bytes_in = 0, bytes_out = 0;  ///< Over the shims.
  double compute_cycles = 0;                  ///< Of the busiest core, at the published best rate.
  double stream_cycles = 0;                   ///< Of the busiest stream (A, B or C).
  double host_cycles = 0;                     ///< Of host memory, all shims together.
  double cycles = 0;                          ///< Predicted.
};

/// Tiles of a memory tile that a job's A takes.
int a_room(const Job& job);

/// A sequence of operations on one array configuration, as one instruction stream. Plain data.
struct Plan {
  DesignSpec spec{};
  int packed_argument = 0;
  std::uint64_t packed_bytes = 0;
  std::vector<Operation> operations{};
  std::vector<OperationPlan> figures{};  ///< One for each operation.
  std::vector<Job> jobs{};
  std::vector<Instruction> instructions{};
  int n_descriptors = 0;  ///< That the stream writes.
  int n_syncs = 0;

  /// The instruction stream, encoded. Buffer `i` of the run is argument i of its address patches.
  std::vector<std::uint32_t> stream() const;
  double predicted_seconds() const;  ///< Dispatch included. An estimate, not the emulator's clock.
  std::string describe() const;
};

/// Rows of a spectrum's power, and the row that frame `frame` has. Errors: as make_plan().
Result<int> spectrum_rows(const DesignSpec& spec, int n_frames);
Result<int> frame_row(const DesignSpec& spec, int n_frames, int frame);

/// Plans `operations` in order; each may read what earlier ones wrote. The packed weights and
/// headers are buffer `packed_argument`. Errors: InvalidArgument (a shape or address that makes no
/// sense), Unsupported (it does not fit this design; the message says what is needed and what there
/// is).
Result<Plan> make_plan(const DesignSpec& spec, std::span<const Operation> operations,
                       int packed_argument);

}  // namespace npuwhisper::npu
