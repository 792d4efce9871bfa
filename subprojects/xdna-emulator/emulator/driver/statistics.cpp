// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/statistics.h"

#include <nlohmann/json.hpp>

namespace npuwhisper::emu {

void Statistics::add_array(const Counters& before, const Counters& after) {
  const std::lock_guard lock(mutex_);
  array_.n_runs += after.n_runs - before.n_runs;
  array_.n_instructions += after.n_instructions - before.n_instructions;
  array_.n_syncs += after.n_syncs - before.n_syncs;
  array_.n_descriptors += after.n_descriptors - before.n_descriptors;
  array_.bytes_from_host += after.bytes_from_host - before.bytes_from_host;
  array_.bytes_to_host += after.bytes_to_host - before.bytes_to_host;
  array_.multiply_accumulates += after.multiply_accumulates - before.multiply_accumulates;
  array_.n_kernel_calls += after.n_kernel_calls - before.n_kernel_calls;
  array_.core_busy_cycles += after.core_busy_cycles - before.core_busy_cycles;
  array_.core_stall_cycles += after.core_stall_cycles - before.core_stall_cycles;
  array_.seconds += after.seconds - before.seconds;
}

std::string Statistics::json() const {
  const std::lock_guard lock(mutex_);
  const nlohmann::ordered_json driver = {{"n_buffers", driver_.n_buffers},
                                         {"buffer_bytes", driver_.buffer_bytes},
                                         {"n_contexts", driver_.n_contexts},
                                         {"n_loads", driver_.n_loads},
                                         {"n_submissions", driver_.n_submissions},
                                         {"n_chains", driver_.n_chains},
                                         {"n_runs", driver_.n_runs},
                                         {"n_failed_runs", driver_.n_failed_runs},
                                         {"n_syncs_to_device", driver_.n_syncs_to_device},
                                         {"n_syncs_from_device", driver_.n_syncs_from_device},
                                         {"bytes_to_device", driver_.bytes_to_device},
                                         {"bytes_from_device", driver_.bytes_from_device}};
  const nlohmann::ordered_json array = {{"n_runs", array_.n_runs},
                                        {"n_instructions", array_.n_instructions},
                                        {"n_syncs", array_.n_syncs},
                                        {"n_descriptors", array_.n_descriptors},
                                        {"bytes_from_host", array_.bytes_from_host},
                                        {"bytes_to_host", array_.bytes_to_host},
                                        {"multiply_accumulates", array_.multiply_accumulates},
                                        {"n_kernel_calls", array_.n_kernel_calls},
                                        {"core_busy_cycles", array_.core_busy_cycles},
                                        {"core_stall_cycles", array_.core_stall_cycles},
                                        {"seconds", array_.seconds}};
  const nlohmann::ordered_json all = {
      {"device", device_}, {"emulated", true}, {"driver", driver}, {"array", array}};
  return all.dump(1) + '\n';
}

DriverCounters Statistics::driver() const {
  const std::lock_guard lock(mutex_);
  return driver_;
}

}  // namespace npuwhisper::emu
