// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/server/metrics.h"

#include <gtest/gtest.h>

#include <string>

namespace npuwhisper::server {
namespace {

TEST(MetricsTest, WritesPrometheusText) {
  Metrics metrics;
  metrics.count_request("/healthz", 200);
  metrics.count_request("/healthz", 200);
  metrics.count_request("other", 404);
  metrics.count_audio(1.5);
  metrics.count_audio(1'000'000);
  metrics.count_decoder_kill();
  const std::string text =
      metrics.text({.n_requests = 3, .n_connections = 4, .working_seconds = 0.25});
  for (const char* line :
       {"# TYPE npuwhisper_requests_total counter\n",
        "\nnpuwhisper_requests_total{endpoint=\"/healthz\",status=\"200\"} 2\n",
        "\nnpuwhisper_requests_total{endpoint=\"other\",status=\"404\"} 1\n",
        "\nnpuwhisper_audio_requests 3\n", "\nnpuwhisper_connections 4\n",
        "\nnpuwhisper_audio_seconds_total 1000001.5\n", "\nnpuwhisper_working_seconds_total 0.25\n",
        "\nnpuwhisper_decoder_kills_total 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace npuwhisper::server
