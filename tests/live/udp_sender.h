// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <thread>
#include <vector>

namespace npuwhisper::test {

std::vector<char> bytes_of(const std::filesystem::path& path);

/// Returns a UDP port of 127.0.0.1 that was free during the call.
int free_udp_port();

/// Network impairments. The same seed gives the same impairments. Datagrams stay in order.
struct Network {
  std::chrono::milliseconds most_delay{80};
  double loss = 0.01;  ///< Fraction of datagrams lost after the first second.
  std::uint32_t seed = 1;
};

/// Sends a transport stream of constant bit rate to a port of 127.0.0.1, with seven packets per
/// datagram. The PatientClock sets the pace. The constructor starts the sending, and the destructor
/// stops it.
class UdpSender {
 public:
  UdpSender(const std::filesystem::path& stream, int bits_per_second, int port, Network network);
  ~UdpSender();
  UdpSender(const UdpSender&) = delete;
  UdpSender& operator=(const UdpSender&) = delete;

  /// Waits until everything is sent. Returns the number of lost datagrams.
  int wait();

 private:
  void send(const std::stop_token& stop);

  std::vector<char> stream_;
  double bytes_per_second_;
  Network network_;
  int socket_;
  int n_lost_ = 0;  // Accessed only by thread_ until it ends.
  std::jthread thread_;
};

}  // namespace npuwhisper::test
