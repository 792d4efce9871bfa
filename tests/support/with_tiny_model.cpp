// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a program with a tiny model, for tests in other languages than C++.
//
// usage: with-tiny-model PROGRAM [ARGUMENT...]
//
// NPUWHISPER_TEST_MODEL names the folder of a model with short windows, and
// NPUWHISPER_LIVE_TEST_MODEL the folder of a model with windows of 30 s. Both folders exist until
// the program ends. The exit status is that of the program, 1 if the program could not be started
// or did not exit, or 2 without arguments.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "temporary_folder.h"
#include "tiny_model.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: with-tiny-model PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  const npuwhisper::test::TemporaryFolder folder, live_folder;
  npuwhisper::test::write_tiny_model(folder.path(), {.n_audio_ctx = 100});
  npuwhisper::test::write_tiny_model(live_folder.path());
  setenv("NPUWHISPER_TEST_MODEL", folder.path().c_str(), 1);
  setenv("NPUWHISPER_LIVE_TEST_MODEL", live_folder.path().c_str(), 1);
  const pid_t child = fork();
  if (child == 0) {
    execv(argv[1], argv + 1);
    std::perror(argv[1]);
    _exit(1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    std::perror("with-tiny-model");
    return 1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
