// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include <npuwhisper/result.h>

#include "failing_new.h"

namespace npuwhisper::test {

/// Calls `body` until no allocation fails. The first allocation fails in the first call, the second
/// allocation in the second call, and so on. Later allocations are only sampled. `body` must return
/// success or Unavailable. Fails fatally otherwise.
inline void fail_each_allocation(Failures failures, const std::function<Result<void>()>& body) {
  for (long n = 1; n < 10'000'000; n += 1 + n / 4) {
    Result<void> result;
    bool happened = false;
    {
      failures.first = n;
      const FailingNew failing(failures);
      result = body();
      happened = failing.happened();
    }
    if (!happened) {
      ASSERT_TRUE(result) << result.error().message;
      return;
    }
    if (!result) {
      ASSERT_EQ(result.error().code, ErrorCode::Unavailable) << n << ": " << result.error().message;
    }
  }
  FAIL() << "the allocations do not end";
}

}  // namespace npuwhisper::test
