// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/xrt_session.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <xrt/experimental/xrt_kernel.h>
#include <xrt/experimental/xrt_system.h>
#include <xrt/experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

#include "base/trace.h"
#include "device/npu/npu_identity.h"
#include "device/npu/npu_problems.h"
#include "device/npu/sleep_watch.h"
#include "device/npu/system_files.h"

namespace npuwhisper::npu_device {
namespace {

// Every NPU kernel takes these arguments in this order: opcode, instructions, number of
// instructions, buffers.
constexpr std::uint64_t kOpcode = 3;
constexpr int kInstructionArgument = 1;
constexpr int kFirstBuffer = 3;

/// Calls XRT and converts its exceptions to a DeviceError that names the operation. Allocates
/// nothing unless XRT throws.
template <typename Call>
auto guarded(std::string_view what, Call&& call) -> Result<decltype(call())> {
  try {
    if constexpr (std::is_void_v<decltype(call())>) {
      call();
      return {};
    } else {
      return call();
    }
  } catch (const std::exception& error) {
    return fail(ErrorCode::DeviceError, "NPU: " + std::string(what) + ": " + error.what());
  }
}

/// Waits for a run list and returns the state of its command. RUNNING means that the wait timed
/// out. A command_error does not always mean that the command has ended. In a context with a
/// timeline, AMD's driver 2.25 ignores the result of its own wait. It can then throw a
/// command_error for an unfinished command, with the command's current state (NEW).
ert_cmd_state state_after(const xrt::runlist& list, std::chrono::milliseconds timeout) {
  timeout = std::max(timeout, std::chrono::milliseconds(1));  // To XRT, 0 means no timeout.
  try {
    return list.wait(timeout) == std::cv_status::timeout ? ERT_CMD_STATE_RUNNING
                                                         : ERT_CMD_STATE_COMPLETED;
  } catch (const xrt::runlist::command_error& error) {
    return error.get_command_state();
  }
}

/// Converts the state after a wait to a result. Errors: Timeout (the command has not ended, or the
/// driver aborted it because it took too long), DeviceError (the command failed).
Result<void> outcome_of(ert_cmd_state state, std::chrono::milliseconds timeout) {
  const auto no_answer = [&] {
    return fail(ErrorCode::Timeout,
                "NPU: no answer within " + std::to_string(timeout.count()) + " ms");
  };
  switch (state) {
    case ERT_CMD_STATE_COMPLETED:
      return {};
    case ERT_CMD_STATE_NEW:
    case ERT_CMD_STATE_QUEUED:
    case ERT_CMD_STATE_SUBMITTED:
    case ERT_CMD_STATE_RUNNING:
      return no_answer();
    case ERT_CMD_STATE_TIMEOUT:
      return fail(ErrorCode::Timeout,
                  "NPU: the driver aborted a run that did not end in time (TIMEOUT)");
    case ERT_CMD_STATE_ERROR:
      return fail(ErrorCode::DeviceError, "NPU: a run failed (ERROR)");
    case ERT_CMD_STATE_ABORT:
      return fail(ErrorCode::DeviceError, "NPU: a run was aborted (ABORT)");
    default:
      return fail(ErrorCode::DeviceError,
                  "NPU: a run ended in state " + std::to_string(static_cast<int>(state)));
  }
}

/// Returns "npu1" or "npu2", the array of a device of XRT. The device's ids on the PCI bus decide,
/// if /sys has them. Returns an empty text if npuwhisper does not support the device.
std::string array_of_device(const xrt::device& device, const std::string& name) {
  const auto address = guarded("reading a device's address",
                               [&] { return device.get_info<xrt::info::device::bdf>(); });
  const PciIds ids = address ? SystemFiles().pci_ids(*address) : PciIds{};
  return std::string(ids.vendor == 0 ? array_of(name) : array_of(ids));
}

/// Returns why XRT offers no NPU that npuwhisper supports, as the end of a message.
std::string reasons_for_no_npu(unsigned n_devices) {
  const auto problems = problems_of_finding(SystemFiles());
  if (problems.empty() && n_devices == 0) {
    return "; the kernel offers an NPU to this user, but XRT has no driver for it (install AMD's "
           "NPU driver for XRT; Debian: libxrt-npu2)";
  }
  return describe(problems);
}

/// If a call to XRT has failed, appends the reasons why the NPU may have refused the call to its
/// error message. `bytes`: memory that this process must be able to lock for the call.
template <typename T>
Result<T> with_reasons(Result<T> done, std::uint64_t bytes = kNpuHeapBytes) {
  if (done) return done;
  return fail(done.error().code,
              done.error().message + describe(problems_of_use(SystemFiles(), bytes)));
}

}  // namespace

struct XrtSession::State {
  xrt::device device;
  std::string name;
  std::string array;
  std::shared_ptr<DeviceCounters> counters;
  DeviceCounters::Clock::time_point submitted{};  ///< Submission time of the run in flight.

  xrt::xclbin image;
  std::string kernel;
  std::vector<xrt::bo> buffers;
  /// A part of a buffer that is the value of a run's argument.
  struct Binding {
    std::size_t argument = 0;
    std::size_t buffer = 0;
    ByteRange range{};
  };
  struct RunParts {
    std::vector<std::uint32_t> stream;
    std::vector<std::size_t> buffers;
    std::vector<Binding> bindings{};  ///< Each binding replaces the buffer of its argument.
  };
  std::vector<RunParts> parts;  ///< The parts of each run that do not depend on a context.

  // A context and its objects, which are destroyed in reverse order.
  struct ContextRun {
    xrt::bo instructions;
    xrt::run run;
    xrt::runlist list;
  };
  struct Context {
    xrt::hw_context context;
    xrt::kernel kernel;
    std::vector<ContextRun> runs;
  };
  std::optional<Context> context;  ///< Empty before load() and after an error.
  std::size_t started = 0;         ///< Index of the run in flight.
  SleepWatch sleep{};              ///< Measures since the context was opened.

  void open_context() {
    Context made;
    made.context = xrt::hw_context(device, image.get_uuid());
    made.kernel = xrt::kernel(made.context, kernel);
    for (const RunParts& run : parts) made.runs.push_back(make_run(made, run));
    context = std::move(made);
    sleep.restart();
  }

  /// Appends to an error message that the computer was suspended while the context was open, if so.
  Result<void> with_sleep(const Result<void>& done) const {
    if (done) return done;
    return fail(done.error().code, done.error().message + sleep.describe());
  }

  std::size_t bytes_of(std::size_t i, const ByteRange& range) {
    const std::size_t size = buffers[i].size();
    return std::min(range.bytes, size - std::min(range.offset, size));
  }

  void sync(xclBOSyncDirection direction, std::size_t i, const ByteRange& range) {
    xrt::bo& buffer = buffers[i];
    buffer.sync(direction, bytes_of(i, range), std::min(range.offset, buffer.size()));
  }

  void bind(ContextRun& run, const Binding& binding) {
    const ByteRange& range = binding.range;
    const xrt::bo part(buffers[binding.buffer], range.bytes, range.offset);
    run.run.set_arg(kFirstBuffer + static_cast<int>(binding.argument), part);
  }

  ContextRun make_run(const Context& in, const RunParts& run) {
    ContextRun made;
    const std::size_t bytes = run.stream.size() * sizeof run.stream[0];
    made.instructions =
        xrt::bo(device, bytes, XCL_BO_FLAGS_CACHEABLE, in.kernel.group_id(kInstructionArgument));
    std::memcpy(made.instructions.map<std::byte*>(), run.stream.data(), bytes);
    made.instructions.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    made.run = xrt::run(in.kernel);
    made.run.set_arg(0, kOpcode);
    made.run.set_arg(kInstructionArgument, made.instructions);
    made.run.set_arg(2, static_cast<std::uint32_t>(run.stream.size()));
    for (std::size_t i = 0; i < run.buffers.size(); ++i)
      made.run.set_arg(kFirstBuffer + static_cast<int>(i), buffers[run.buffers[i]]);
    for (const Binding& binding : run.bindings) bind(made, binding);
    made.list = xrt::runlist(in.context);
    made.list.add(made.run);
    return made;
  }
};

XrtSession::XrtSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
XrtSession::~XrtSession() = default;

Result<std::unique_ptr<XrtSession>> XrtSession::open(std::shared_ptr<DeviceCounters> counters) {
  const auto n_devices =
      guarded("enumerating devices", [] { return xrt::system::enumerate_devices(); });
  if (!n_devices) {
    return fail(ErrorCode::NotFound,
                n_devices.error().message + describe(problems_of_finding(SystemFiles())));
  }
  std::string others;
  for (unsigned i = 0; i < *n_devices; ++i) {
    auto state = std::make_unique<State>();
    state->counters = counters;
    const auto opened = guarded("opening device " + std::to_string(i), [&] {
      state->device = xrt::device(i);
      state->name = state->device.get_info<xrt::info::device::name>();
    });
    if (opened) {
      state->array = array_of_device(state->device, state->name);
      if (!state->array.empty())
        return std::unique_ptr<XrtSession>(new XrtSession(std::move(state)));
    }
    others += "; device " + std::to_string(i) + ": " +
              (opened ? "'" + state->name + "'" : opened.error().message);
  }
  return fail(ErrorCode::NotFound, "no NPU (AMD XDNA) among XRT's " + std::to_string(*n_devices) +
                                       " devices" + others + reasons_for_no_npu(*n_devices));
}

const std::string& XrtSession::name() const {
  return state_->name;
}
const std::string& XrtSession::array() const {
  return state_->array;
}
std::shared_ptr<DeviceCounters> XrtSession::counters() const {
  return state_->counters;
}
std::uint64_t XrtSession::n_submissions() const {
  return state_->counters->stats({}).calls;
}
std::uint64_t XrtSession::n_syncs() const {
  return state_->counters->stats({}).dma_syncs;
}

Result<void> XrtSession::load(const std::filesystem::path& image, const std::string& kernel) {
  std::error_code missing;
  if (!std::filesystem::is_regular_file(image, missing)) {
    return fail(ErrorCode::NotFound, "no NPU image " + image.string());
  }
  return with_reasons(guarded("loading " + image.string(), [&] {
    state_->image = xrt::xclbin(image.string());
    state_->kernel = kernel;
    state_->device.register_xclbin(state_->image);
    state_->open_context();
  }));
}

Result<std::size_t> XrtSession::add_buffer(std::uint64_t bytes) {
  if (auto opened = open_context(); !opened) return fail(opened.error());
  const auto make = [&] {
    xrt::bo made(state_->device, bytes, XRT_BO_FLAGS_HOST_ONLY,
                 state_->context->kernel.group_id(kFirstBuffer));
    std::memset(made.map<std::byte*>(), 0, made.size());
    // Reuses the number of a released buffer. Otherwise the vector would grow with each stream that
    // is created and destroyed.
    const auto place = std::find_if(state_->buffers.begin(), state_->buffers.end(),
                                    [](const xrt::bo& buffer) { return !buffer; });
    const auto number = static_cast<std::size_t>(place - state_->buffers.begin());
    if (place == state_->buffers.end()) {
      state_->buffers.push_back(std::move(made));
    } else {
      *place = std::move(made);
    }
    return number;
  };
  return with_reasons(guarded("making a buffer of " + std::to_string(bytes) + " bytes", make),
                      kNpuHeapBytes + bytes);
}

Result<std::size_t> XrtSession::add_run(std::span<const std::uint32_t> stream,
                                        std::span<const std::size_t> buffers) {
  if (auto opened = open_context(); !opened) return fail(opened.error());
  return guarded("creating a run", [&] {
    State::RunParts parts{.stream = {stream.begin(), stream.end()},
                          .buffers = {buffers.begin(), buffers.end()}};
    state_->context->runs.push_back(state_->make_run(*state_->context, parts));
    state_->parts.push_back(std::move(parts));
    return state_->parts.size() - 1;
  });
}

void XrtSession::remove_buffer(std::size_t i) {
  for (State::RunParts& run : state_->parts) {
    std::erase_if(run.bindings, [i](const State::Binding& b) { return b.buffer == i; });
  }
  [[maybe_unused]] const auto removed =
      guarded("releasing a buffer", [&] { state_->buffers[i] = xrt::bo(); });
}

Result<void> XrtSession::bind(std::size_t run, std::size_t argument, std::size_t buffer,
                              const ByteRange& range) {
  const State::Binding binding{argument, buffer, range};
  auto& bindings = state_->parts[run].bindings;
  std::erase_if(bindings, [&](const State::Binding& b) { return b.argument == argument; });
  bindings.push_back(binding);
  if (!state_->context) return {};
  return guarded("setting a run's argument",
                 [&] { state_->bind(state_->context->runs[run], binding); });
}

Result<void> XrtSession::load(const std::filesystem::path& image,
                              std::span<const std::uint32_t> stream,
                              std::span<const std::uint64_t> buffer_bytes) {
  if (auto loaded = load(image); !loaded) return loaded;
  std::vector<std::size_t> buffers;
  for (const std::uint64_t bytes : buffer_bytes) {
    const auto made = add_buffer(bytes);
    if (!made) return fail(made.error());
    buffers.push_back(*made);
  }
  const auto run = add_run(stream, buffers);
  return run ? Result<void>() : fail(run.error());
}

std::span<std::byte> XrtSession::buffer(std::size_t i) {
  const auto mapped =
      guarded("mapping a buffer", [&] { return state_->buffers[i].map<std::byte*>(); });
  return mapped ? std::span(*mapped, state_->buffers[i].size()) : std::span<std::byte>();
}

Result<void> XrtSession::sync_to_device(std::size_t i, const ByteRange& range) {
  state_->counters->synced_to_device(state_->bytes_of(i, range));
  return guarded("sync to the device", [&] { state_->sync(XCL_BO_SYNC_BO_TO_DEVICE, i, range); });
}

Result<void> XrtSession::sync_from_device(std::size_t i, const ByteRange& range) {
  state_->counters->synced_from_device(state_->bytes_of(i, range));
  return guarded("sync from the device",
                 [&] { state_->sync(XCL_BO_SYNC_BO_FROM_DEVICE, i, range); });
}

Result<void> XrtSession::open_context() {
  if (state_->context) return {};
  return with_reasons(guarded("reopening the context", [&] { state_->open_context(); }));
}

Result<void> XrtSession::start(std::size_t run) {
  if (auto opened = open_context(); !opened) return opened;
  state_->submitted = DeviceCounters::Clock::now();
  state_->counters->submitted(state_->submitted);
  state_->started = run;
  auto started = state_->with_sleep(
      guarded("submitting a run", [&] { state_->context->runs[run].list.execute(); }));
  if (!started) {
    note_end();
    close_context();
  }
  return started;
}

Result<void> XrtSession::wait(std::chrono::milliseconds timeout) {
  if (!state_->context) return fail(ErrorCode::DeviceError, "NPU: no run was submitted");
  const auto state = guarded("waiting for a run", [&] {
    return state_after(state_->context->runs[state_->started].list, timeout);
  });
  note_end();
  auto outcome =
      state_->with_sleep(state ? outcome_of(*state, timeout) : Result<void>(fail(state.error())));
  if (!outcome) close_context();
  return outcome;
}

void XrtSession::note_end() {
  const auto now = DeviceCounters::Clock::now();
  state_->counters->ended(now);
  if (trace::is_on.load(std::memory_order_relaxed)) {
    trace::record_run(state_->name, state_->submitted, now);
  }
}

void XrtSession::close_context() {
  // XRT closes the context even if it throws, so this function ignores errors.
  [[maybe_unused]] const auto closed =
      guarded("closing the context", [&] { state_->context.reset(); });
}

}  // namespace npuwhisper::npu_device
