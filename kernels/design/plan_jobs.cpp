// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/plan_jobs.h"

#include "design/job_planner.h"

namespace npuwhisper::npu {

Result<void> plan_jobs(Plan& plan, std::size_t index) {
  OperationPlan& figures = plan.figures[index];
  figures.first_job = plan.jobs.size();
  JobPlanner planner(plan, index);
  const Result<void> planned = std::visit(
      [&](const auto& what) { return plan_jobs(planner, what); }, plan.operations[index].what);
  figures.n_jobs = plan.jobs.size() - figures.first_job;
  return planned;
}

}  // namespace npuwhisper::npu
