// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// The program's pthread_create(), replaced for the libraries that it uses, too. A test compiles
/// replaced_thread.cpp among its own sources and defines the hook.
namespace npuwhisper::test {

/// Hook before a thread starts: whether it does. Where not, the caller gets EAGAIN, as at the limit
/// of threads.
bool allows_thread();

}  // namespace npuwhisper::test
