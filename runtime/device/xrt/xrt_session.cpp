// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/xrt/xrt_session.h"

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

namespace npuwhisper::xdna {
namespace {

// The kernel of every NPU image, and its arguments: opcode, instructions, their number, buffers.
constexpr const char* kKernelName = "MLIR_AIE";
constexpr std::uint64_t kOpcode = 3;
constexpr int kInstructionArgument = 1;
constexpr int kFirstBuffer = 3;

/// Calls XRT. What it throws becomes a DeviceError that says what was done. Allocates nothing
/// unless it throws.
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

/// What a list's command is in when a wait for it ends. RUNNING: the wait timed out. What wait()
/// throws is not always an end: where a context has a timeline, AMD's driver 2.25 does not look at
/// what its own wait returned, and a command that has not ended is thrown in its state (NEW).
ert_cmd_state state_after(const xrt::runlist& list, std::chrono::milliseconds timeout) {
  timeout = std::max(timeout, std::chrono::milliseconds(1));  // XRT takes 0 for "for ever".
  try {
    return list.wait(timeout) == std::cv_status::timeout ? ERT_CMD_STATE_RUNNING
                                                         : ERT_CMD_STATE_COMPLETED;
  } catch (const xrt::runlist::command_error& error) {
    return error.get_command_state();
  }
}

/// Errors: Timeout (it has not ended, or the driver gave it up), DeviceError (it failed).
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
      return fail(ErrorCode::Timeout, "NPU: the driver gave up a run that did not end (TIMEOUT)");
    case ERT_CMD_STATE_ERROR:
      return fail(ErrorCode::DeviceError, "NPU: a run failed (ERROR)");
    case ERT_CMD_STATE_ABORT:
      return fail(ErrorCode::DeviceError, "NPU: a run was aborted (ABORT)");
    default:
      return fail(ErrorCode::DeviceError,
                  "NPU: a run ended in state " + std::to_string(static_cast<int>(state)));
  }
}

/// Which array a device of this name has; empty: it is no NPU.
std::string array_of(const std::string& name) {
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (has("Phoenix") || has("Hawk") || has("npu1")) return "npu1";
  if (has("Strix") || has("Krackan") || has("npu4") || has("npu5") || has("npu6")) return "npu2";
  return {};
}

}  // namespace

struct XrtSession::State {
  xrt::device device;
  std::string name;
  std::string array;
  std::uint64_t n_submissions = 0;
  std::uint64_t n_syncs = 0;

  xrt::xclbin image;
  std::vector<std::uint32_t> stream;
  std::vector<std::uint64_t> buffer_bytes;

  // The context, and what belongs to it; destroyed in the reverse order.
  struct Context {
    xrt::hw_context context;
    xrt::kernel kernel;
    xrt::bo instructions;
    xrt::run run;
    xrt::runlist list;
  };
  std::vector<xrt::bo> buffers;
  std::optional<Context> context;  ///< None: it was given up.

  void open_context() {
    Context made;
    made.context = xrt::hw_context(device, image.get_uuid());
    made.kernel = xrt::kernel(made.context, kKernelName);
    const std::size_t bytes = stream.size() * sizeof stream[0];
    made.instructions =
        xrt::bo(device, bytes, XCL_BO_FLAGS_CACHEABLE, made.kernel.group_id(kInstructionArgument));
    std::memcpy(made.instructions.map<std::byte*>(), stream.data(), bytes);
    made.instructions.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    if (buffers.empty()) {
      for (std::size_t i = 0; i < buffer_bytes.size(); ++i) {
        buffers.emplace_back(device, buffer_bytes[i], XRT_BO_FLAGS_HOST_ONLY,
                             made.kernel.group_id(kFirstBuffer + static_cast<int>(i)));
      }
    }
    made.run = xrt::run(made.kernel);
    made.run.set_arg(0, kOpcode);
    made.run.set_arg(kInstructionArgument, made.instructions);
    made.run.set_arg(2, static_cast<std::uint32_t>(stream.size()));
    for (std::size_t i = 0; i < buffers.size(); ++i)
      made.run.set_arg(kFirstBuffer + static_cast<int>(i), buffers[i]);
    made.list = xrt::runlist(made.context);
    made.list.add(made.run);
    context = std::move(made);
  }
};

XrtSession::XrtSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
XrtSession::~XrtSession() = default;

Result<std::unique_ptr<XrtSession>> XrtSession::open() {
  const auto n_devices =
      guarded("looking for devices", [] { return xrt::system::enumerate_devices(); });
  if (!n_devices) return fail(ErrorCode::NotFound, n_devices.error().message);
  std::string others;
  for (unsigned i = 0; i < *n_devices; ++i) {
    auto state = std::make_unique<State>();
    const auto opened = guarded("opening device " + std::to_string(i), [&] {
      state->device = xrt::device(i);
      state->name = state->device.get_info<xrt::info::device::name>();
    });
    if (opened) {
      state->array = array_of(state->name);
      if (!state->array.empty())
        return std::unique_ptr<XrtSession>(new XrtSession(std::move(state)));
    }
    others += "; device " + std::to_string(i) + ": " +
              (opened ? "'" + state->name + "'" : opened.error().message);
  }
  return fail(ErrorCode::NotFound,
              "no NPU (AMD XDNA) among XRT's " + std::to_string(*n_devices) +
                  " devices: is the amdxdna driver loaded, and may this user open "
                  "/dev/accel/accel0?" +
                  others);
}

const std::string& XrtSession::name() const {
  return state_->name;
}
const std::string& XrtSession::array() const {
  return state_->array;
}
bool XrtSession::is_emulated() const {
  return state_->name.find("emulated") != std::string::npos;
}
std::uint64_t XrtSession::n_submissions() const {
  return state_->n_submissions;
}
std::uint64_t XrtSession::n_syncs() const {
  return state_->n_syncs;
}

Result<void> XrtSession::load(const std::filesystem::path& image,
                              std::span<const std::uint32_t> stream,
                              std::span<const std::uint64_t> buffer_bytes) {
  std::error_code missing;
  if (!std::filesystem::is_regular_file(image, missing)) {
    return fail(ErrorCode::NotFound, "no NPU image " + image.string());
  }
  state_->stream.assign(stream.begin(), stream.end());
  state_->buffer_bytes.assign(buffer_bytes.begin(), buffer_bytes.end());
  auto loaded = guarded("loading " + image.string(), [&] {
    state_->image = xrt::xclbin(image.string());
    state_->device.register_xclbin(state_->image);
    state_->open_context();
  });
  if (!loaded) return loaded;
  for (std::size_t i = 0; i < state_->buffers.size(); ++i) {
    auto bytes = guarded("mapping a buffer", [&] {
      std::memset(state_->buffers[i].map<std::byte*>(), 0, state_->buffers[i].size());
    });
    if (!bytes) return bytes;
  }
  return {};
}

std::span<std::byte> XrtSession::buffer(std::size_t i) {
  const auto mapped =
      guarded("mapping a buffer", [&] { return state_->buffers[i].map<std::byte*>(); });
  return mapped ? std::span(*mapped, state_->buffers[i].size()) : std::span<std::byte>();
}

Result<void> XrtSession::sync_to_device(std::size_t i) {
  ++state_->n_syncs;
  return guarded("sync to the device", [&] { state_->buffers[i].sync(XCL_BO_SYNC_BO_TO_DEVICE); });
}

Result<void> XrtSession::sync_from_device(std::size_t i) {
  ++state_->n_syncs;
  return guarded("sync from the device",
                 [&] { state_->buffers[i].sync(XCL_BO_SYNC_BO_FROM_DEVICE); });
}

Result<void> XrtSession::start() {
  if (!state_->context) {
    auto opened = guarded("opening the context again", [&] { state_->open_context(); });
    if (!opened) return opened;
  }
  ++state_->n_submissions;
  auto started = guarded("submitting a run", [&] { state_->context->list.execute(); });
  if (!started) give_up();
  return started;
}

Result<void> XrtSession::wait(std::chrono::milliseconds timeout) {
  if (!state_->context) return fail(ErrorCode::DeviceError, "NPU: no run was submitted");
  const auto state =
      guarded("waiting for a run", [&] { return state_after(state_->context->list, timeout); });
  auto outcome = state ? outcome_of(*state, timeout) : Result<void>(fail(state.error()));
  if (!outcome) give_up();
  return outcome;
}

void XrtSession::give_up() {
  // Ends what runs in it. What XRT throws from there helps nobody: the context is gone.
  [[maybe_unused]] const auto closed =
      guarded("closing the context", [&] { state_->context.reset(); });
}

}  // namespace npuwhisper::xdna
