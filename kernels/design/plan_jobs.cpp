// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/plan_jobs.h"

#include "design/job_planner.h"

namespace npuwhisper::npu {

Result<void> plan_jobs(Plan& plan, std::size_t index) {
  OperationPlan& figures = plan.figures[index];
  figures.first_job = plan.jobs.size();
  JobPlanner planner(plan, index);
  const auto& what = plan.operations[index].what;
  Result<void> planned;
  if (const auto* product = std::get_if<Product>(&what)) {
    planned = plan_product(planner, *product);
  } else if (const auto* attention = std::get_if<Attention>(&what)) {
    planned = plan_attention(planner, *attention);
  } else if (const auto* norm = std::get_if<LayerNorm>(&what)) {
    planned = plan_layer_norm(planner, *norm);
  } else {
    planned = plan_spectrum(planner, std::get<Spectrum>(what));
  }
  figures.n_jobs = plan.jobs.size() - figures.first_job;
  return planned;
}

}  // namespace npuwhisper::npu
