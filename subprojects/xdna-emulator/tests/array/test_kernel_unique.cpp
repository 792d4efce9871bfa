// SPDX-License-Identifier: LGPL-2.1-or-later
// A kernel object compiled with -fgnu-unique. All cores would share the variable
// Shared<int>::value.
template <typename T>
struct Shared {
  static T value;
};
template <typename T>
T Shared<T>::value{};

extern "C" __attribute__((visibility("default"))) int scale();
template struct __attribute__((visibility("default"))) Shared<int>;
int scale() {
  return ++Shared<int>::value;
}
