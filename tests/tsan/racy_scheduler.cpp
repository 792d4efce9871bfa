// SPDX-License-Identifier: LGPL-2.1-or-later
// Two streams share an engine's scheduler, whose lock is invisible to ThreadSanitizer. A race must
// be reported.

#include <thread>

#include "engine/scheduler.h"

namespace npuwhisper {
namespace {

class IdleExecutable final : public Executable, private Run {
 public:
  const Plan& plan() const override { return plan_; }
  Result<Run*> start(const Bindings&) override { return static_cast<Run*>(this); }
  Result<std::unique_ptr<Buffer>> allocate(TensorId, int) override {
    return fail(ErrorCode::Unsupported, "idle");
  }

 private:
  Result<void> wait() override { return {}; }
  Plan plan_;
};

int run() {
  IdleExecutable executable;
  Scheduler scheduler({executable}, executable, 1, 2);
  const auto decode = [&scheduler] {
    for (int i = 0; i < 100; ++i) {
      if (!scheduler.decode({})) return;
      std::this_thread::yield();
    }
  };
  std::thread other(decode);
  decode();
  other.join();
  return 0;
}

}  // namespace
}  // namespace npuwhisper

int main() {
  return npuwhisper::run();
}
