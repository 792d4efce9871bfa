// SPDX-License-Identifier: LGPL-2.1-or-later
#include "run_check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <variant>

#include "design/pack_panels.h"
#include "design/plan.h"
#include "device/npu/repeating_run.h"
#include "device/npu/xrt_session.h"

namespace npuwhisper::npu_check {
namespace {

using npu_device::XrtSession;

/// Adds up the differences between an output and the reference.
class Differences {
 public:
  void add(double found, double wanted) {
    squares_ += (found - wanted) * (found - wanted);
    wanted_squares_ += wanted * wanted;
    sum_ += found - wanted;
    magnitudes_ += std::abs(found) - std::abs(wanted);
    wanted_magnitudes_ += std::abs(wanted);
  }
  /// In the measures of CoreCheck::bound and CoreCheck::bias_bound.
  double error() const { return std::sqrt(squares_ / wanted_squares_); }
  double bias() const {
    return std::max(std::abs(sum_), std::abs(magnitudes_)) / wanted_magnitudes_;
  }

 private:
  double squares_ = 0, wanted_squares_ = 0;
  double sum_ = 0, magnitudes_ = 0, wanted_magnitudes_ = 0;
};

/// Compares the output with the reference, and its padding with zero.
CheckOutcome compare(std::span<const std::byte> buffer, const CoreCheck& check) {
  CheckOutcome outcome;
  Differences differences;
  for (int r = 0; r < check.padded_rows; ++r) {
    for (int c = 0; c < check.padded_columns; ++c) {
      const bool is_padding = r >= check.wanted.rows || c >= check.wanted.columns;
      const double found = npu::Workspace::get(buffer, check.output, r, c);
      // A sum with a NaN would compare as neither larger nor smaller than the bound.
      if (!std::isfinite(found)) {
        outcome.error = std::numeric_limits<double>::infinity();
        outcome.problem = "row " + std::to_string(r) + ", column " + std::to_string(c) +
                          " is not a finite number: the run wrote a wrong value or none";
        return outcome;
      }
      differences.add(found, is_padding ? 0 : check.wanted.at(r, c));
    }
  }
  outcome.error = differences.error();
  outcome.bias = differences.bias();
  if (outcome.error > check.bound) {
    outcome.problem = "the result differs from the reference";
  } else if (outcome.bias > check.bias_bound) {
    outcome.problem = "the results are rounded in one direction";
  }
  outcome.passed = outcome.problem.empty();
  return outcome;
}

/// Writes the packed weights and the workspace into a session's buffers.
Result<void> fill_buffers(XrtSession& session, const npu::Plan& plan, const CoreCheck& check) {
  const npu::Parameters parameters{.weights = {.f32 = check.weights}, .bias = check.bias};
  const bool has_parameters = !std::holds_alternative<npu::Attention>(check.operation.what);
  const auto packed = npu::pack_panels(plan, 0, std::span(&parameters, has_parameters ? 1 : 0),
                                       session.buffer(kPackedBuffer));
  if (!packed) return fail(packed.error());
  const auto bytes = check.space.bytes();
  std::copy(bytes.begin(), bytes.end(), session.buffer(kWorkspaceBuffer).begin());
  if (auto synced = session.sync_to_device(kPackedBuffer); !synced) return synced;
  return session.sync_to_device(kWorkspaceBuffer);
}

Result<CheckOutcome> run_once(XrtSession& session, const npu::Plan& plan, const CoreCheck& check) {
  if (auto filled = fill_buffers(session, plan, check); !filled) return fail(filled.error());
  const auto longest = npu_device::longest_run();
  if (!longest) return fail(longest.error());
  const auto begin = std::chrono::steady_clock::now();
  if (auto started = session.start(); !started) return fail(started.error());
  if (auto done = session.wait(*longest); !done) return fail(done.error());
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  if (auto synced = session.sync_from_device(kWorkspaceBuffer); !synced) {
    return fail(synced.error());
  }
  CheckOutcome outcome = compare(session.buffer(kWorkspaceBuffer), check);
  outcome.milliseconds = took.count();
  outcome.predicted_milliseconds = 1e3 * plan.predicted_seconds(npu::Basis::OpenKernels);
  return outcome;
}

Result<CheckOutcome> run_plan(XrtSession& session, const std::filesystem::path& image,
                              const npu::Plan& plan, const CoreCheck& check) {
  const std::array<std::uint64_t, 2> bytes = {plan.packed_bytes, check.space.bytes().size()};
  if (auto loaded = session.load(image, plan.stream(), bytes); !loaded) return fail(loaded.error());
  auto first = run_once(session, plan, check);
  if (!first || !first->passed) return first;
  // The array keeps memory, locks and descriptors from the first run.
  auto second = run_once(session, plan, check);
  if (second && !second->passed) second->problem = "in the second run: " + second->problem;
  return second;
}

Result<CheckOutcome> plan_and_run(const std::filesystem::path& image, const npu::DesignSpec& spec,
                                  const CoreCheck& check) {
  const auto plan = npu::make_plan(spec, std::array{check.operation}, kPackedBuffer);
  if (!plan) return fail(plan.error());
  auto session = XrtSession::open();
  if (!session) return fail(session.error());
  return run_plan(**session, image, *plan, check);
}

/// Returns `message` with the image's file name in place of its path, which may name the user.
std::string without_folder(std::string message, const std::filesystem::path& image) {
  const std::string path = image.string();
  if (const std::size_t begin = message.find(path); begin != std::string::npos) {
    message.replace(begin, path.size(), image.filename().string());
  }
  return message;
}

}  // namespace

CheckOutcome run_check(const std::filesystem::path& image, const npu::DesignSpec& spec,
                       const CoreCheck& check) {
  const auto outcome = plan_and_run(image, spec, check);
  if (outcome) return *outcome;
  return {.problem = without_folder(outcome.error().message, image)};
}

}  // namespace npuwhisper::npu_check
