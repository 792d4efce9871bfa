// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sandbox.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>

namespace npuwhisper::server {
namespace {

// GStreamer's elements use no more than a few pipes and event descriptors.
constexpr rlim_t kOpenFiles = 64;

Failure unavailable(const char* what, int code) {
  return fail(ErrorCode::Unavailable, std::string(what) + ": " + std::strerror(code));
}

/// System calls that are allowed with any arguments.
constexpr int kAllowed[] = {
    // Reading and writing open files.
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(pipe2), SCMP_SYS(eventfd2),
    // Memory. Orc generates code, so pages may become executable.
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    // Threads and signals of this process.
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(gettid), SCMP_SYS(getpid),
    SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
    // Time and properties of the machine.
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo), SCMP_SYS(uname)};

/// Adds the rules for system calls that are allowed with some arguments only. Returns a negative
/// errno on failure.
int add_partial_rules(scmp_filter_ctx filter) {
  // Threads, but no processes. glibc tries clone3, whose flags are in memory that a filter cannot
  // read, and then clone.
  if (int code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0)) return code;
  if (int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD))) {
    return code;
  }
  // abort() sends a signal to a thread of this process.
  if (int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                  SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())))) {
    return code;
  }
  if (int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                                  SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME))) {
    return code;
  }
  // glibc reads the limit of the stack, which sets no new limit.
  if (int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
                                  SCMP_A2(SCMP_CMP_EQ, 0))) {
    return code;
  }
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                          SCMP_A1(SCMP_CMP_EQ, F_GETFL));
}

}  // namespace

Result<void> end_with_parent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return unavailable("PR_SET_PDEATHSIG", errno);
  // The parent may have ended before the call.
  if (getppid() != parent) return fail(ErrorCode::Unavailable, "the server has ended");
  return {};
}

Result<void> limit_resources(const SandboxLimits& limits) {
  // A write beyond the limit then returns EFBIG.
  std::signal(SIGXFSZ, SIG_IGN);
  const auto cpu = static_cast<rlim_t>(limits.cpu_time.count());
  const struct {
    __rlimit_resource resource;
    rlim_t limit;
    const char* name;
  } resources[] = {{RLIMIT_AS, limits.address_space_bytes, "RLIMIT_AS"},
                   {RLIMIT_CPU, cpu, "RLIMIT_CPU"},
                   {RLIMIT_NOFILE, kOpenFiles, "RLIMIT_NOFILE"},
                   {RLIMIT_FSIZE, limits.file_bytes, "RLIMIT_FSIZE"},
                   {RLIMIT_CORE, 0, "RLIMIT_CORE"}};
  for (const auto& [resource, limit, name] : resources) {
    rlimit found{};
    if (getrlimit(resource, &found) != 0) return unavailable(name, errno);
    // A lower limit that the user has set remains.
    const rlim_t least = std::min(limit, found.rlim_max);
    const rlimit wanted{least, least};
    if (setrlimit(resource, &wanted) != 0) return unavailable(name, errno);
  }
  return {};
}

Result<void> forbid_new_files() {
  const std::unique_ptr<void, void (*)(void*)> filter(seccomp_init(SCMP_ACT_ERRNO(EACCES)),
                                                      seccomp_release);
  if (!filter) return fail(ErrorCode::Unavailable, "seccomp: not enough memory");
  // PR_SET_NO_NEW_PRIVS is libseccomp's default.
  int code = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  for (const int call : kAllowed) {
    if (code == 0) code = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
  }
  if (code == 0) code = add_partial_rules(filter.get());
  if (code == 0) code = seccomp_load(filter.get());
  if (code != 0) return unavailable("seccomp", -code);
  return {};
}

}  // namespace npuwhisper::server
