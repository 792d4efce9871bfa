// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include "aie_api/emulation/memory.h"

/// Iterators over vectors in memory. Reading through an iterator loads a vector, and assigning
/// through it stores a vector, with the checks of load_v and store_v.

namespace aie {

/// A reference to a vector in memory.
template <typename T, unsigned N, aie_dm_resource = aie_dm_resource::none>
class vector_ref {
 public:
  using element_type = std::remove_const_t<T>;
  using value_type = vector<element_type, N>;

  __aie_inline explicit vector_ref(T* address) : address_(address) {}
  __aie_inline operator value_type() const { return load_v<N>(address_); }
  __aie_inline value_type load() const { return load_v<N>(address_); }
  __aie_inline const vector_ref& operator=(const value_type& v) const
      requires(!std::is_const_v<T>) {
    store_v(address_, v);
    return *this;
  }
  __aie_inline const vector_ref& operator=(const vector_ref& other) const
      requires(!std::is_const_v<T>) {
    store_v(address_, other.load());
    return *this;
  }
  vector_ref(const vector_ref&) = default;

 private:
  T* address_;
};

namespace detail {

/// Iterator that moves in steps of `Step` vectors. If `Circle` is not 0, the iterator wraps after
/// `Circle` elements.
template <typename T, unsigned N, int Step, std::size_t Circle>
class IteratorOf {
 public:
  using reference = vector_ref<T, N>;
  using value_type = typename reference::value_type;
  using difference_type = std::ptrdiff_t;

  __aie_inline explicit IteratorOf(T* begin) : begin_(begin), index_(0) {}

  __aie_inline reference operator*() const { return reference(begin_ + index_); }
  __aie_inline reference operator[](difference_type n) const { return *(*this + n); }
  __aie_inline IteratorOf& operator+=(difference_type n) {
    index_ += n * Step * static_cast<difference_type>(N);
    if constexpr (Circle > 0) {
      constexpr auto circle = static_cast<difference_type>(Circle);
      index_ = (index_ % circle + circle) % circle;
    }
    return *this;
  }
  __aie_inline IteratorOf& operator-=(difference_type n) { return *this += -n; }
  __aie_inline IteratorOf& operator++() { return *this += 1; }
  __aie_inline IteratorOf& operator--() { return *this -= 1; }
  __aie_inline IteratorOf operator++(int) {
    const IteratorOf old = *this;
    ++*this;
    return old;
  }
  __aie_inline IteratorOf operator--(int) {
    const IteratorOf old = *this;
    --*this;
    return old;
  }
  __aie_inline IteratorOf operator+(difference_type n) const {
    IteratorOf r = *this;
    r += n;
    return r;
  }
  __aie_inline IteratorOf operator-(difference_type n) const { return *this + -n; }
  __aie_inline bool operator==(const IteratorOf&) const = default;

 private:
  T* begin_;
  difference_type index_;
};

/// Iterator over vectors at addresses that need only the alignment of their elements.
template <typename T, unsigned N>
class UnalignedIterator {
 public:
  class reference {
   public:
    using value_type = vector<std::remove_const_t<T>, N>;
    __aie_inline explicit reference(T* address) : address_(address) {}
    __aie_inline operator value_type() const { return load_unaligned_v<N>(address_); }
    __aie_inline const reference& operator=(const value_type& v) const {
      store_unaligned_v(address_, v);
      return *this;
    }

   private:
    T* address_;
  };
  __aie_inline explicit UnalignedIterator(T* begin) : address_(begin) {}
  __aie_inline reference operator*() const { return reference(address_); }
  __aie_inline UnalignedIterator& operator+=(std::ptrdiff_t n) {
    address_ += n * static_cast<std::ptrdiff_t>(N);
    return *this;
  }
  __aie_inline UnalignedIterator& operator++() { return *this += 1; }
  __aie_inline UnalignedIterator operator++(int) {
    const UnalignedIterator old = *this;
    ++*this;
    return old;
  }
  __aie_inline bool operator==(const UnalignedIterator&) const = default;

 private:
  T* address_;
};

}  // namespace detail

template <unsigned N, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline auto begin_vector(T* base) {
  return detail::IteratorOf<T, N, 1, 0>(base);
}
template <unsigned N, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline auto cbegin_vector(const T* base) {
  return detail::IteratorOf<const T, N, 1, 0>(base);
}
template <unsigned N, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline auto begin_restrict_vector(T* base) {
  return detail::IteratorOf<T, N, 1, 0>(base);
}
template <unsigned N, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline auto cbegin_restrict_vector(const T* base) {
  return detail::IteratorOf<const T, N, 1, 0>(base);
}
template <unsigned N, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline auto begin_vector_random(T* base) {
  return detail::IteratorOf<T, N, 1, 0>(base);
}
template <unsigned N, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline auto cbegin_vector_random(const T* base) {
  return detail::IteratorOf<const T, N, 1, 0>(base);
}
template <unsigned N, std::size_t Circle, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline auto begin_vector_circular(T* base) {
  return detail::IteratorOf<T, N, 1, Circle>(base);
}
template <unsigned N, std::size_t Circle, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline auto cbegin_vector_circular(const T* base) {
  return detail::IteratorOf<const T, N, 1, Circle>(base);
}
template <unsigned N, unsigned AlignedElems = 1, aie_dm_resource = aie_dm_resource::none,
          typename T>
__aie_inline inline auto begin_unaligned_vector(T* base) {
  return detail::UnalignedIterator<T, N>(base);
}

}  // namespace aie
