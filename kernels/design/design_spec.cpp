// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/design_spec.h"

#include <algorithm>
#include <string>

namespace npuwhisper::npu {

int DesignSpec::columns() const {
  return std::max(core_rows, core_columns);
}

int DesignSpec::a_column(int row) const {
  return row * (columns() / core_rows);
}

core::BlockShape DesignSpec::blocks() const {
  return array->generation == Generation::Aie2 ? core::kBlocksAie2 : core::kBlocksAie2p;
}

Result<DesignSpec> make_design_spec(std::string_view name, int core_rows, int core_columns) {
  const auto array = find_array(name);
  if (!array) return fail(array.error());
  const int n_rows = (*array)->n_rows - 2;
  if (core_rows < 1 || core_rows > n_rows) {
    return fail(ErrorCode::InvalidArgument,
                "design for " + std::string(name) + ": " + std::to_string(core_rows) +
                    " core rows, expected 1.." + std::to_string(n_rows));
  }
  if (core_columns < 1 || core_columns > (*array)->n_columns) {
    return fail(ErrorCode::InvalidArgument,
                "design for " + std::string(name) + ": " + std::to_string(core_columns) +
                    " core columns, expected 1.." + std::to_string((*array)->n_columns));
  }
  return DesignSpec{*array, core_rows, core_columns};
}

}  // namespace npuwhisper::npu
