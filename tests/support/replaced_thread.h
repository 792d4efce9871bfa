// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// Replaces pthread_create() for the program and the libraries that it uses. The test adds
/// replaced_thread.cpp to its sources and defines the hook.
namespace npuwhisper::test {

/// Hook, called before each thread starts. If it returns false, pthread_create() returns EAGAIN, as
/// at the thread limit.
bool allows_thread();

}  // namespace npuwhisper::test
