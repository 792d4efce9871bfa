// SPDX-License-Identifier: LGPL-2.1-or-later
// Injects a failure into each call that can fail, in each situation of the element, and checks the
// outcome.
//
// A child process runs each situation once and records the sites that are called. Two more children
// then run the situation for each site. In one child, only the first call at the site fails. In the
// other child, all calls at the site fail. A child may succeed or report an ERROR. It must not
// crash, hang, lose text without an ERROR, or leak memory. After a return to the state NULL, the
// element must play as before.
#include <dlfcn.h>
#include <execinfo.h>
#include <gst/gst.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <span>
#include <thread>

#include "fault_points.h"
#include "situations.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

/// Time limit of a child. A child that takes longer counts as hanging. A child normally takes a
/// tenth of a second.
constexpr auto kTimeout = 40s;

/// Number of objects that XRT 2.25 and AMD's driver may keep after one of their calls fails. In
/// practice they keep at most 12. The leak sanitizer does not report these objects as leaks.
constexpr long kKeptByXrt = 16;

/// The outcome of a trial. OneDnn means that an allocation in oneDNN failed, and that oneDNN then
/// crashed, deadlocked, leaked, or kept an incomplete primitive in its cache.
enum class Verdict { WentWell, Error, NotReached, OneDnn, Crash, Hang, SilentLoss, Leak, NotAgain };
constexpr std::array kVerdicts = {Verdict::WentWell,   Verdict::Error, Verdict::NotReached,
                                  Verdict::OneDnn,     Verdict::Crash, Verdict::Hang,
                                  Verdict::SilentLoss, Verdict::Leak,  Verdict::NotAgain};

const char* to_string(Verdict verdict) {
  constexpr std::array<const char*, 9> kNames = {"went well",   "ERROR", "not reached",
                                                 "oneDNN's",    "crash", "hang",
                                                 "silent loss", "leak",  "not again"};
  return kNames[static_cast<std::size_t>(verdict)];
}

bool is_allowed(Verdict verdict) {
  return verdict <= Verdict::OneDnn;
}

struct Options {
  std::vector<Situation> situations;  ///< The situations to run; parse() adds all if none is named.
  std::optional<FaultKind> kind;      ///< Kind of the failing calls; all kinds if not set.
  std::optional<std::uint64_t> site;  ///< The only site to try; all sites are tried if not set.
  std::string device = "cpu";         ///< "cpu", or "npu" under npuwhisper-emulate.
  unsigned share = 1;                 ///< On average, one in `share` trials runs.
  unsigned seed = 1;                  ///< Selects the trials that run.
  unsigned n_children = 2;
  bool spares_onednn = false;  ///< Tries only sites in this project's code, not in oneDNN.
};

/// The report of a child.
struct Report {
  int status = 0;  ///< The status from waitpid(), or -1 if the child took too long.
  json content;
  std::vector<const void*> crash;  ///< The stack at a crash, innermost frame first.
};

/// File descriptor to which note_crash() writes the stack as text, one return address per line.
int crash_output = -1;

void note_crash(int signal_number) {
  std::array<void*, 48> stack{};
  const int n = backtrace(stack.data(), static_cast<int>(stack.size()));
  for (int i = 0; i < n; ++i) dprintf(crash_output, "%p\n", stack[static_cast<std::size_t>(i)]);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

/// A process that runs `body` and reports its result.
class Child {
 public:
  explicit Child(const std::function<json()>& body) {
    output_ = std::tmpfile();
    if (output_ == nullptr) std::abort();
    std::fflush(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      crash_output = fileno(output_);
      for (const int number : {SIGABRT, SIGSEGV, SIGTRAP}) signal(number, note_crash);
      std::fputs(body().dump().c_str(), output_);
      _exit(std::fflush(output_) == 0 ? 0 : 1);
    }
  }
  ~Child() { std::fclose(output_); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Returns the report if the child has ended or its time limit has passed, otherwise nullopt.
  /// After the time limit, kills the child first.
  std::optional<Report> poll() {
    Report report;
    const bool has_ended = waitpid(pid_, &report.status, WNOHANG) == pid_;
    if (!has_ended && std::chrono::steady_clock::now() < deadline_) return std::nullopt;
    if (!has_ended) {
      kill(pid_, SIGKILL);
      waitpid(pid_, &report.status, 0);
      report.status = -1;
    }
    std::rewind(output_);
    if (report.status == 0) report.content = json::parse(output_, nullptr, false);
    if (report.status > 0) {
      void* address = nullptr;
      while (std::fscanf(output_, "%p", &address) == 1) report.crash.push_back(address);
    }
    return report;
  }
  Report wait() {
    while (true) {
      if (auto report = poll()) return *report;
      std::this_thread::sleep_for(1ms);
    }
  }

 private:
  pid_t pid_ = -1;
  FILE* output_ = nullptr;
  const std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + kTimeout;
};

json to_json(const Outcome& outcome) {
  return {{"error", outcome.error},       {"refused", outcome.refused},
          {"finished", outcome.finished}, {"text", outcome.text},
          {"again", outcome.again},       {"happened", fault_points::happened()}};
}

/// Runs the situation. Called in a child process. `begin` starts recording or failing calls.
/// Returns the outcome as JSON, with the number of objects that the situation did not free.
json try_out(Situation situation, const Setting& setting, const std::function<void()>& begin) {
  // XRT keeps the objects that it creates for its first device. An extra run creates these objects
  // before the live objects are counted.
  if (setting.device == "npu") {
    run_situation(situation, setting, begin, fault_points::stop);
    fault_points::empty_caches();
  }
  const long n_before = fault_points::n_live_objects();
  // Stores the outcome as a C string, because C++ objects would be counted.
  char* text =
      strdup(to_json(run_situation(situation, setting, begin, fault_points::stop)).dump().c_str());
  fault_points::empty_caches();
  const long n_left = fault_points::n_live_objects() - n_before;
  json content = json::parse(text);
  std::free(text);
  content["live"] = n_left;
  return content;
}

/// The outcome of a situation without failures, and the sites that it calls.
struct Reference {
  json outcome;
  std::vector<FaultSite> sites;
};

Reference note_sites(Situation situation, const Setting& setting, std::optional<FaultKind> kind) {
  Child child([&] {
    json content = try_out(situation, setting, [&] { fault_points::record(kind); });
    for (const FaultSite& site : fault_points::sites()) {
      json frames = json::array();
      for (const void* frame : site.frames) {
        frames.push_back(reinterpret_cast<std::uintptr_t>(frame));
      }
      content["sites"].push_back({{"id", site.id}, {"kind", site.kind}, {"frames", frames}});
    }
    return content;
  });
  const Report report = child.wait();
  if (report.status != 0 || !report.content.is_object()) {
    std::fprintf(stderr, "%s: fails without a fault\n", to_string(situation));
    std::exit(1);
  }
  Reference reference{report.content, {}};
  const std::string error = reference.outcome["error"];
  if (!error.empty()) {
    std::fprintf(stderr, "%s: fails without a fault: %s\n", to_string(situation), error.c_str());
    std::exit(1);
  }
  for (const json& noted : report.content.value("sites", json::array())) {
    FaultSite site{.id = noted["id"], .kind = noted["kind"]};
    for (std::size_t i = 0; i < site.frames.size(); ++i) {
      site.frames[i] = reinterpret_cast<const void*>(noted["frames"][i].get<std::uintptr_t>());
    }
    reference.sites.push_back(site);
  }
  return reference;
}

Verdict judge(const Report& report, const json& reference, bool may_lose_text, long n_kept) {
  if (report.status == -1) return Verdict::Hang;
  if (report.status != 0 || !report.content.is_object()) return Verdict::Crash;
  const json& found = report.content;
  const bool has_error = !found["error"].get<std::string>().empty();
  if (!found["happened"]) return Verdict::NotReached;
  const bool is_same = found["finished"] == reference["finished"] &&
                       (may_lose_text || found["text"] == reference["text"]);
  if (!has_error && (!is_same || found["refused"])) return Verdict::SilentLoss;
  const std::string again = found["again"];
  if (may_lose_text ? again.starts_with("ERROR") : again != reference["again"].get<std::string>()) {
    return Verdict::NotAgain;
  }
  if (found["live"].get<long>() > reference["live"].get<long>() + n_kept) return Verdict::Leak;
  return has_error ? Verdict::Error : Verdict::WentWell;
}

bool is_in(const void* address, std::string_view library) {
  Dl_info info{};
  return dladdr(address, &info) != 0 &&
         std::string_view(info.dli_fname).find(library) != std::string_view::npos;
}

/// Returns whether the failed call was in oneDNN and oneDNN caused the outcome.
bool is_onednns(const FaultSite& site, const Report& report, Verdict verdict) {
  if (!is_in(site.frames.front(), "libdnnl") || verdict == Verdict::SilentLoss) return false;
  if (verdict != Verdict::Crash) return true;
  const auto is_of_interest = [](const void* frame) {
    return is_in(frame, "libdnnl") || is_in(frame, "npuwhisper");
  };
  const auto innermost = std::ranges::find_if(report.crash, is_of_interest);
  return innermost != report.crash.end() && is_in(*innermost, "libdnnl");
}

/// Returns arguments of addr2line for the call that returns to `address`: the path of a library, a
/// space, and an offset in the library. Returns "?" if the address is in no library.
std::string name_of(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0) return "?";
  char offset[32];
  std::snprintf(offset, sizeof offset, "%#tx",
                static_cast<const char*>(address) - static_cast<const char*>(info.dli_fbase) - 1);
  return std::string(info.dli_fname) + ' ' + offset;
}

/// Returns the names of the functions that contain the return addresses. A function without a name
/// gives the result of name_of(). Calls addr2line of binutils.
std::vector<std::string> functions_of(std::span<const void* const> frames) {
  std::vector<std::string> functions;
  for (const void* frame : frames) {
    if (frame == nullptr) break;
    const std::string command = "addr2line -Cfe " + name_of(frame) + " 2>/dev/null";
    FILE* pipe = popen(command.c_str(), "r");
    char line[1024] = "";
    if (pipe == nullptr || std::fgets(line, sizeof line, pipe) == nullptr) line[0] = '\0';
    if (pipe != nullptr) pclose(pipe);
    std::string function(line, std::strcspn(line, "\n"));
    functions.push_back(function.empty() || function == "??" ? name_of(frame) : function);
  }
  return functions;
}

/// Returns whether docs/faults.md lists the failure as not covered. There are two such failures.
/// First, nlohmann's JSON allocates in a noexcept function while it destroys a value. Second, XRT
/// does not find a device's files after it has failed to open the device.
bool is_known(const std::vector<std::string>& functions, const Report& report) {
  if (report.content.is_object() && report.content["again"].get<std::string>().find(
                                        "Failed to read sysfs node") != std::string::npos) {
    return true;
  }
  return std::ranges::any_of(functions, [](const std::string& function) {
    return function.find("json_value::destroy") != std::string::npos;
  });
}

class Matrix {
 public:
  explicit Matrix(const Options& options) : options_(options) {
    // On the emulated array, a window takes about 1 s of computation per 10 s of audio. The model
    // therefore has windows of 2 s instead of 30 s for the NPU.
    const bool is_short = options.device == "npu";
    write_tiny_model(folder_.path(), {.n_audio_ctx = is_short ? 100 : 1500});
  }

  /// Runs all trials and prints their verdicts. Returns whether all verdicts are allowed.
  bool run() {
    for (const Situation situation : options_.situations) run(situation);
    print();
    return n_bad_ == 0;
  }

 private:
  struct Trial {
    FaultSite site;
    bool lasts = false;
    std::unique_ptr<Child> child;
  };

  void run(Situation situation) {
    const Setting setting{folder_.path().string(), options_.device};
    const Reference reference = note_sites(situation, setting, options_.kind);
    std::vector<Trial> running;
    const auto collect = [&](std::size_t n_allowed) {
      while (running.size() > n_allowed) {
        std::erase_if(running, [&](Trial& trial) {
          const auto report = trial.child->poll();
          if (report) take(situation, trial, *report, reference.outcome);
          return report.has_value();
        });
        std::this_thread::sleep_for(1ms);
      }
    };
    for (const FaultSite& site : reference.sites) {
      for (const bool lasts : {false, true}) {
        if (options_.site && *options_.site != site.id) continue;
        if (options_.spares_onednn && is_in(site.frames.front(), "libdnnl")) continue;
        if (!is_in_sample(site, lasts)) continue;
        collect(options_.n_children - 1);
        running.push_back({site, lasts, std::make_unique<Child>([&] {
                             return try_out(situation, setting,
                                            [&] { fault_points::fail(site, lasts); });
                           })});
      }
    }
    collect(0);
  }

  /// Returns whether the sample includes the trial. The choice does not depend on other sites, so
  /// it stays the same when sites are added or removed.
  bool is_in_sample(const FaultSite& site, bool lasts) const {
    std::seed_seq seeds{options_.seed, static_cast<unsigned>(site.id),
                        static_cast<unsigned>(site.id >> 32), lasts ? 1U : 0U};
    return std::mt19937(seeds)() % options_.share == 0;
  }

  void take(Situation situation, const Trial& trial, const Report& report, const json& reference) {
    // The text of a live stream depends on the timing of its audio, so the text may differ from the
    // reference. The stream must still end.
    Verdict verdict = judge(report, reference, situation == Situation::Live,
                            options_.device == "npu" ? kKeptByXrt : 0);
    if (!is_allowed(verdict) && is_onednns(trial.site, report, verdict)) verdict = Verdict::OneDnn;
    if (!is_allowed(verdict)) {
      const std::vector<std::string> functions = functions_of(trial.site.frames);
      if (is_known(functions, report)) {
        ++n_known_;
        return;
      }
      ++n_bad_;
      std::printf("%s, %s%s, site %" PRIu64 ": %s\n", to_string(situation),
                  to_string(trial.site.kind), trial.lasts ? ", from then on" : "", trial.site.id,
                  to_string(verdict));
      for (const std::string& function : functions) std::printf("    %s\n", function.c_str());
      if (!report.crash.empty()) std::printf("  ended in\n");
      for (const std::string& function : functions_of(report.crash)) {
        std::printf("    %s\n", function.c_str());
      }
      if (report.content.is_object()) {
        const json& found = report.content;
        std::printf("    error '%s', live %ld of %ld\n", found["error"].get<std::string>().c_str(),
                    found["live"].get<long>(), reference["live"].get<long>());
        for (const char* text : {"text", "again"}) {
          if (found[text] != reference[text]) {
            std::printf("    %s: found %s, wanted %s\n", text, found[text].dump().c_str(),
                        reference[text].dump().c_str());
          }
        }
      }
      std::fflush(stdout);
    }
    ++counts_[{situation, trial.site.kind, verdict}];
  }

  void print() const {
    std::printf("%-10s %-17s", "situation", "what fails");
    for (const Verdict verdict : kVerdicts) std::printf(" %11s", to_string(verdict));
    std::printf("\n");
    for (const Situation situation : options_.situations) {
      for (const FaultKind kind : kFaultKinds) {
        std::printf("%-10s %-17s", to_string(situation), to_string(kind));
        for (const Verdict verdict : kVerdicts) {
          const auto found = counts_.find({situation, kind, verdict});
          std::printf(" %11ld", found == counts_.end() ? 0 : found->second);
        }
        std::printf("\n");
      }
    }
    std::printf("One of %u, seed %u. %ld not allowed; %ld known and not counted.\n", options_.share,
                options_.seed, n_bad_, n_known_);
  }

  const Options options_;
  TemporaryFolder folder_;
  std::map<std::tuple<Situation, FaultKind, Verdict>, long> counts_;
  long n_bad_ = 0;
  long n_known_ = 0;
};

[[noreturn]] void say_usage() {
  std::fputs(
      "usage: fault-matrix [--situation NAME]... [--kind NAME] [--site ID] [--only ours]\n"
      "                    [--device cpu|npu] [--share N] [--seed N] [--children N]\n"
      "  --situation  load, file, live, seek or stop; may be repeated (default: all)\n"
      "  --kind       new, memory, thread, open, read, map, event-descriptor or device (default:\n"
      "               all)\n"
      "  --site       one site, by the number that a run of the same build prints (default: all)\n"
      "  --only ours  leave out oneDNN's own calls\n"
      "  --device     device under test; npu requires running under npuwhisper-emulate (default: "
      "cpu)\n"
      "  --share      try one of N sites (default: 1, all)\n"
      "  --seed       selects which sites --share tries (default: 1)\n"
      "  --children   number of processes that run at once (default: 2)\n",
      stderr);
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) say_usage();
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--situation") {
      const auto found = std::ranges::find_if(
          kSituations, [&](Situation situation) { return value == to_string(situation); });
      if (found == kSituations.end()) say_usage();
      options.situations.push_back(*found);
      continue;
    }
    if (name == "--kind") {
      const auto found = std::ranges::find_if(
          kFaultKinds, [&](FaultKind kind) { return value == to_string(kind); });
      if (found == kFaultKinds.end()) say_usage();
      options.kind = *found;
      continue;
    }
    if (name == "--device") {
      if (value != "cpu" && value != "npu") say_usage();
      options.device = value;
      continue;
    }
    if (name == "--only") {
      if (value != "ours") say_usage();
      options.spares_onednn = true;
      continue;
    }
    char* end = nullptr;
    const unsigned long number = std::strtoul(value.c_str(), &end, 10);
    const bool is_number = !value.empty() && *end == '\0';
    if (name == "--site" && is_number) {
      options.site = number;
    } else if (name == "--share" && is_number && number > 0) {
      options.share = static_cast<unsigned>(number);
    } else if (name == "--seed" && is_number) {
      options.seed = static_cast<unsigned>(number);
    } else if (name == "--children" && is_number && number > 0) {
      options.n_children = static_cast<unsigned>(number);
    } else {
      say_usage();
    }
  }
  if (options.situations.empty()) {
    options.situations.assign(kSituations.begin(), kSituations.end());
  }
  return options;
}

}  // namespace
}  // namespace npuwhisper::test

int main(int argc, char** argv) {
  using namespace npuwhisper::test;
  const Options options = parse(argc, argv);
  // A critical message aborts a child, which counts as a crash.
  g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
  gst_init(nullptr, nullptr);
  // Loads the plugin once, before the children are created. No thread may be started here, because
  // fork() does not copy threads.
  GstPlugin* plugin = gst_plugin_load_by_name("npuwhisper");
  if (plugin == nullptr) {
    std::fputs("no plugin 'npuwhisper' in GST_PLUGIN_PATH\n", stderr);
    return 1;
  }
  gst_object_unref(plugin);
  fault_points::find_libraries();
  return Matrix(options).run() ? 0 : 1;
}
