// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/pack_panels.h"

#include <cstring>
#include <string>
#include <vector>

#include "design/patterns.h"

namespace npuwhisper::npu {
namespace {

/// Writes a panel to `place`: its header, with the operation's parameters, and its weights.
void write_panel(const Operation& operation, const Panel& panel,
                 std::span<const Parameters> parameters, core::BlockShape blocks,
                 std::byte* place) {
  core::JobHeader header = panel.header;
  const PanelPlace to{.header = header, .weights = place + core::kTileBytes, .blocks = blocks};
  std::visit([&](const auto& what) { pack(what, panel, parameters, to); }, operation.what);
  std::memset(place, 0, core::kTileBytes);
  write_in_order(std::as_bytes(std::span(&header, 1)), blocks, place);
}

Result<void> check_size(const std::string& name, std::size_t found, std::size_t wanted,
                        bool optional) {
  if (found == wanted || (optional && found == 0)) return {};
  return fail(ErrorCode::InvalidArgument, name + " of " + std::to_string(found) +
                                              " elements, expected " + std::to_string(wanted));
}

Result<void> check_parameters(const Operation& operation, std::span<const Parameters> parameters) {
  const std::string who = "operation '" + operation.name + "': ";
  const std::vector<ParameterSizes> wanted =
      std::visit([](const auto& what) { return parameter_sizes(what); }, operation.what);
  if (parameters.size() != wanted.size()) {
    return fail(ErrorCode::InvalidArgument, who + std::to_string(parameters.size()) +
                                                " sets of parameters, expected " +
                                                std::to_string(wanted.size()));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameters& p = parameters[i];
    const ParameterSizes& sizes = wanted[i];
    if (auto r = check_size(who + "weights", p.weights.size(), sizes.weights, false); !r) return r;
    if (auto r = check_size(who + "bias", p.bias.size(), sizes.bias, true); !r) return r;
    if (auto r = check_size(who + "gamma", p.gamma.size(), sizes.gamma, true); !r) return r;
    if (auto r = check_size(who + "beta", p.beta.size(), sizes.beta, true); !r) return r;
  }
  return {};
}

}  // namespace

Result<void> pack_panels(const Plan& plan, std::size_t operation,
                         std::span<const Parameters> parameters, std::span<std::byte> packed) {
  const Operation& what = plan.operations[operation];
  if (auto r = check_parameters(what, parameters); !r) return r;
  if (packed.size() != plan.packed_bytes) {
    return fail(ErrorCode::InvalidArgument, "packed buffer of " + std::to_string(packed.size()) +
                                                " bytes, expected " +
                                                std::to_string(plan.packed_bytes));
  }
  const OperationPlan& figures = plan.figures[operation];
  for (std::size_t j = figures.first_job; j < figures.first_job + figures.n_jobs; ++j) {
    for (const Panel& panel : plan.jobs[j].panels) {
      write_panel(what, panel, parameters, plan.spec.blocks(), packed.data() + panel.offset);
    }
  }
  return {};
}

}  // namespace npuwhisper::npu
