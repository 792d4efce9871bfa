// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/step_operations.h"

#include <algorithm>
#include <string>
#include <utility>

#include "simd/round_up.h"

namespace npuwhisper::npu_device {
namespace {

constexpr std::uint64_t kElement = 2;  // bytes of a bf16
constexpr std::uint64_t kPage = 4096;

std::size_t index(TensorId id) {
  return static_cast<std::size_t>(id);
}

/// Divides a step into groups and places the tensors that groups exchange.
class Cutter {
 public:
  Cutter(const Graph& step, const npu::DesignSpec& spec)
      : step_(step), spec_(spec), group_of_(step.ops.size(), -1), places_(step.tensors.size()) {}

  Result<StepOperations> run() {
    find_groups();
    for (cpu::StepOffload::Group& group : groups_) {
      if (auto done = find_borders(group); !done) return fail(done.error());
    }
    const std::uint64_t first_free = result_.workspace_bytes;
    for (const cpu::StepOffload::Group& group : groups_) {
      auto operations = make_encoder_operations(graph_of(group), spec_, places_, first_free);
      if (!operations) return fail(operations.error());
      result_.workspace_bytes = std::max(result_.workspace_bytes, operations->bytes[kWorkspace]);
      operations->input = *places_[index(group.input)];
      operations->output = *places_[index(group.output)];
      result_.groups.push_back({group, std::move(*operations)});
    }
    return std::move(result_);
  }

 private:
  /// Finds the groups: consecutive operations that the array can run, up to the last product.
  void find_groups() {
    for (std::size_t i = 0; i < step_.ops.size(); ++i) {
      if (!runs_on_array(step_.ops[i])) continue;
      std::size_t end = i;
      for (std::size_t j = i; j < step_.ops.size() && runs_on_array(step_.ops[j]); ++j) {
        if (step_.ops[j].kind == OpKind::Gemm) end = j + 1;
      }
      if (end == i) continue;
      std::fill(group_of_.begin() + static_cast<long>(i),
                group_of_.begin() + static_cast<long>(end), static_cast<int>(groups_.size()));
      groups_.push_back({.first_op = i, .end_op = end});
      i = end - 1;
    }
  }

  int group_that_makes(TensorId id) const {
    for (std::size_t i = 0; i < step_.ops.size(); ++i) {
      if (step_.ops[i].output == id) return group_of_[i];
    }
    return -1;
  }

  /// Places the tensors that cross the group's border: the input from the host (unless an earlier
  /// group has placed it), the output to the host, and results that other groups read. Errors:
  /// Unsupported (not exactly one input from the host and one output to the host, or an output that
  /// is not the result of the group's last operation).
  Result<void> find_borders(cpu::StepOffload::Group& group) {
    const int self = group_of_[group.first_op];
    for (std::size_t i = group.first_op; i < group.end_op; ++i) {
      const Op& op = step_.ops[i];
      for (const TensorId id : {op.input, op.residual}) {
        if (id == kNoTensor || group_that_makes(id) >= 0 || places_[index(id)]) continue;
        if (group.input != kNoTensor) return refuse(op, "wanted one input from the host");
        group.input = id;
        places_[index(id)] = place(kInput, result_.input_bytes, id);
      }
      if (is_read_by_host(op.output)) {
        if (i + 1 != group.end_op) return refuse(op, "wanted one output to the host, the last");
        group.output = op.output;
        places_[index(op.output)] = place(kOutput, result_.output_bytes, op.output);
      } else if (is_read_by_others(op.output, self)) {
        places_[index(op.output)] = place(kWorkspace, result_.workspace_bytes, op.output);
      }
    }
    const Op& last = step_.ops[group.end_op - 1];
    if (group.input == kNoTensor) return refuse(last, "wanted an input from the host");
    if (group.output == kNoTensor) return refuse(last, "wanted an output to the host");
    return {};
  }

  Failure refuse(const Op& op, const char* wanted) const {
    return fail(ErrorCode::Unsupported, step_.name + ": " + op.name + ": " + wanted);
  }

  bool is_read_by_host(TensorId id) const {
    for (std::size_t i = 0; i < step_.ops.size(); ++i) {
      const Op& op = step_.ops[i];
      if (group_of_[i] < 0 && (op.input == id || op.residual == id)) return true;
    }
    return std::find(step_.outputs.begin(), step_.outputs.end(), id) != step_.outputs.end();
  }
  bool is_read_by_others(TensorId id, int group) const {
    for (std::size_t i = 0; i < step_.ops.size(); ++i) {
      const Op& op = step_.ops[i];
      if (group_of_[i] != group && (op.input == id || op.residual == id)) return true;
    }
    return false;
  }

  npu::HostMatrix place(Argument argument, std::uint64_t& bytes, TensorId id) const {
    const TensorSpec& tensor = step_.tensor(id);
    const int pass = spec_.core_rows * npu::core::kTile;
    const auto rows = static_cast<std::uint64_t>(round_up(tensor.rows, pass));
    const npu::HostMatrix matrix{argument, bytes, tensor.columns};
    const std::uint64_t n = rows * static_cast<std::uint64_t>(tensor.columns) * kElement;
    bytes += round_up(n, kPage);
    return matrix;
  }

  /// Returns the step's graph with only the group's operations.
  Graph graph_of(const cpu::StepOffload::Group& group) const {
    Graph graph = step_;
    graph.ops.assign(step_.ops.begin() + static_cast<long>(group.first_op),
                     step_.ops.begin() + static_cast<long>(group.end_op));
    graph.inputs.clear();
    graph.outputs.clear();
    for (const Op& op : graph.ops) {
      if (places_[index(op.output)]) graph.outputs.push_back(op.output);
    }
    for (TensorId id = 0; id < static_cast<TensorId>(step_.tensors.size()); ++id) {
      const bool is_output =
          std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end();
      if (places_[index(id)] && !is_output) graph.inputs.push_back(id);
    }
    return graph;
  }

  const Graph& step_;
  npu::DesignSpec spec_;
  std::vector<int> group_of_;  ///< Group of each operation; -1: the operation runs on the host.
  std::vector<cpu::StepOffload::Group> groups_;
  Places places_;
  StepOperations result_;
};

}  // namespace

bool runs_on_array(const Op& op) {
  if (!op.position.empty()) return false;
  return op.kind == OpKind::LayerNorm || (op.kind == OpKind::Gemm && op.n_exact_best == 0);
}

Result<StepOperations> make_step_operations(const Graph& step, const npu::DesignSpec& spec) {
  return Cutter(step, spec).run();
}

}  // namespace npuwhisper::npu_device
