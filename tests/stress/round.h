// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dice.h"
#include "operation_log.h"
#include "unit.h"

namespace npuwhisper::stress {

/// A deliberate fault, to test the stress test.
enum class Plant { None, Critical, Leak, Hang, Descriptor };

/// One round of the stress test: units of one kind, and several threads that perform random
/// operations on them. The seed determines everything except the interleaving of the threads. Use
/// it from one thread.
class Round {
 public:
  /// Number of situations. Consecutive seeds select different situations.
  static constexpr std::uint64_t kSituations = 5;

  /// `log` belongs to the calling thread.
  Round(std::uint64_t seed, Plant plant, OperationLog& log);

  /// Runs the round to its end and returns descriptions of the failures. After this call,
  /// GStreamer's threads may hold references to objects of the round until these threads end. All
  /// other remaining objects of the round are leaks.
  std::vector<std::string> run();

  std::string describe() const;
  std::uint64_t n_operations() const { return n_operations_; }
  /// Returns the maximum number of ERROR messages posted by one element under test.
  int most_errors() const { return most_errors_; }

 private:
  using Units = std::vector<std::unique_ptr<Unit>>;

  void set_script();
  void make_units();
  void disturb();
  void operate(std::uint64_t stream);
  void plant_fault() const;
  void stop_all();
  void read_messages(const Unit& unit);
  void play_in_order();
  void await_end(const Unit& unit);

  const std::uint64_t seed_;
  const Plant plant_;
  OperationLog& log_;
  Dice dice_;
  Units units_;
  bool runtime_fails_ = false;
  std::atomic<std::uint64_t> n_operations_{0};
  int most_errors_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace npuwhisper::stress
