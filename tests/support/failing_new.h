// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// Makes operator new fail. The test adds failing_new.cpp and replaced_new.cpp to its sources.
namespace npuwhisper::test {

struct Failures {
  long first = 1;              ///< Number of the first call that fails, counted from 1.
  bool lasts = false;          ///< If true, all later calls fail too.
  bool spares_onednn = false;  ///< If true, calls by libdnnl succeed and are not counted.
};

/// While an object of this class exists, the calls of operator new that `failures` selects throw
/// std::bad_alloc in the thread that created the object. At most one object may exist per thread.
class FailingNew {
 public:
  explicit FailingNew(const Failures& failures);
  ~FailingNew();
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;

  /// Returns whether a call has failed since the constructor.
  bool happened() const;
};

}  // namespace npuwhisper::test
