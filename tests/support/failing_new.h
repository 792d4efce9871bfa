// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// An operator new that fails. A test compiles failing_new.cpp and replaced_new.cpp among its own
/// sources.
namespace npuwhisper::test {

struct Failures {
  long first = 1;              ///< Which call fails, from 1.
  bool lasts = false;          ///< All later ones, too.
  bool spares_onednn = false;  ///< Calls by libdnnl do not count.
};

/// While it lives, operator new throws std::bad_alloc in the thread that made it. One at a time in
/// a thread.
class FailingNew {
 public:
  explicit FailingNew(const Failures& failures);
  ~FailingNew();
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;

  /// Whether a call has failed.
  bool happened() const;
};

}  // namespace npuwhisper::test
