// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/statistics.h"

#include <cstdio>

namespace npuwhisper::emu {
namespace {

/// Builds a flat JSON object.
class ObjectWriter {
 public:
  void add(const char* name, std::uint64_t value) { add_text(name, std::to_string(value)); }
  void add(const char* name, double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    add_text(name, text);
  }
  std::string finish() const { return "{" + members_ + "}"; }

 private:
  void add_text(const char* name, const std::string& value) {
    if (!members_.empty()) members_ += ", ";
    members_ += '"';
    members_ += name;
    members_ += "\": " + value;
  }
  std::string members_;
};

}  // namespace

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
  ObjectWriter driver;
  driver.add("n_buffers", driver_.n_buffers);
  driver.add("buffer_bytes", driver_.buffer_bytes);
  driver.add("n_contexts", driver_.n_contexts);
  driver.add("n_loads", driver_.n_loads);
  driver.add("n_submissions", driver_.n_submissions);
  driver.add("n_chains", driver_.n_chains);
  driver.add("n_runs", driver_.n_runs);
  driver.add("n_failed_runs", driver_.n_failed_runs);
  driver.add("n_syncs_to_device", driver_.n_syncs_to_device);
  driver.add("n_syncs_from_device", driver_.n_syncs_from_device);
  driver.add("bytes_to_device", driver_.bytes_to_device);
  driver.add("bytes_from_device", driver_.bytes_from_device);
  ObjectWriter array;
  array.add("n_runs", array_.n_runs);
  array.add("n_instructions", array_.n_instructions);
  array.add("n_syncs", array_.n_syncs);
  array.add("n_descriptors", array_.n_descriptors);
  array.add("bytes_from_host", array_.bytes_from_host);
  array.add("bytes_to_host", array_.bytes_to_host);
  array.add("multiply_accumulates", array_.multiply_accumulates);
  array.add("n_kernel_calls", array_.n_kernel_calls);
  array.add("core_busy_cycles", array_.core_busy_cycles);
  array.add("core_stall_cycles", array_.core_stall_cycles);
  array.add("seconds", array_.seconds);
  return "{\"device\": \"" + device_ + "\", \"emulated\": true,\n \"driver\": " + driver.finish() +
         ",\n \"array\": " + array.finish() + "}\n";
}

DriverCounters Statistics::driver() const {
  const std::lock_guard lock(mutex_);
  return driver_;
}

}  // namespace npuwhisper::emu
