// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/write_stream.h"

#include <utility>

#include "design/job_writer.h"

namespace npuwhisper::npu {
namespace {

/// Writes the instructions of all jobs, with two jobs in flight. While a job runs, the next job's
/// descriptors are written, and the next job's header and weights are loaded into the memory tiles
/// if there is room. No channel's queue ever has more tasks than its depth. An operation waits for
/// all results of earlier operations before it reads its input.
class StreamWriter {
 public:
  explicit StreamWriter(Plan& plan) : plan_(plan), out_(*plan.spec.array, plan.instructions) {}

  Result<void> run() {
    for (std::size_t i = 0; i < plan_.jobs.size(); ++i) write_job(i);
    wait_for(plan_.jobs.size());
    plan_.n_descriptors = out_.n_descriptors();
    plan_.n_syncs = out_.n_syncs();
    return out_.result();
  }

 private:
  void write_job(std::size_t index) {
    const Job& job = plan_.jobs[index];
    if (index >= 2) wait_for(index - 1);  // Frees resources of job `index - 2`.
    const Room before = std::exchange(room_, place(index));
    JobWriter writer(plan_, index, room_, out_);
    writer.describe();
    const bool is_first = index == 0 || plan_.jobs[index - 1].operation != job.operation;
    const bool attends = job.panels[0].header.query_steps > 0;
    if (attends || before.tiles + room_.tiles > layout::kMemStreamTiles) wait_for(index);
    writer.start_panels();
    writer.start_a_slots();
    if (is_first) wait_for(index);
    writer.start_input();
    // Residuals need more queue entries than the previous job leaves free. If the weights do not
    // stay in the memory tile, the residual needs no entries of its own.
    if (job.panels[0].header.residual_steps > 0 && job.b_slot_tiles == 0) wait_for(index);
    writer.start_stream_of_b();
    writer.start_results();  // Last, because the results depend on the other transfers.
  }

  /// Returns the job's room. Consecutive jobs use opposite ends of the memory tile.
  Room place(std::size_t index) const {
    const Job& job = plan_.jobs[index];
    Room room = room_needed(plan_.spec, job, layout::kMemSlots);
    if (room.tiles > layout::kMemStreamTiles) room = room_needed(plan_.spec, job, 1);
    if (index % 2 == 1) room.first = layout::kMemStreamTiles - room.tiles;
    return room;
  }

  void wait_for(std::size_t n_jobs) {
    for (; n_done_ < n_jobs; ++n_done_) {
      out_.sync(layout::kShimC, plan_.jobs[n_done_].active_columns);
    }
  }

  Plan& plan_;
  InstructionWriter out_;
  std::size_t n_done_ = 0;  ///< Jobs that the stream has waited for.
  Room room_{};             ///< Room of the job being written.
};

}  // namespace

Result<void> write_stream(Plan& plan) {
  return StreamWriter(plan).run();
}

}  // namespace npuwhisper::npu
