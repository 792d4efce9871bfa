// SPDX-License-Identifier: LGPL-2.1-or-later
#include "udp_sender.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/gst/support/patient_clock.h"

namespace npuwhisper::test {
namespace {

constexpr std::size_t kDatagram = 7 * 188;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

std::vector<char> bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int free_udp_port() {
  const int probe = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(probe, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(probe);
  return ntohs(address.sin_port);
}

UdpSender::UdpSender(const std::filesystem::path& stream, int bits_per_second, int port,
                     Network network)
    : stream_(bytes_of(stream)),
      bytes_per_second_(bits_per_second / 8.0),
      network_(network),
      socket_(socket(AF_INET, SOCK_DGRAM, 0)) {
  const sockaddr_in address = loopback(port);
  EXPECT_FALSE(stream_.empty()) << stream;
  EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  thread_ = std::jthread([this](const std::stop_token& stop) { send(stop); });
}

UdpSender::~UdpSender() {
  thread_.request_stop();
  wait();
  close(socket_);
}

int UdpSender::wait() {
  if (thread_.joinable()) thread_.join();
  return n_lost_;
}

void UdpSender::send(const std::stop_token& stop) {
  std::mt19937 random(network_.seed);
  std::uniform_real_distribution<double> part(0, 1);
  const auto begin = PatientClock::now();
  std::chrono::nanoseconds last{0};
  for (std::size_t i = 0; i < stream_.size() && !stop.stop_requested(); i += kDatagram) {
    const double seconds = static_cast<double>(i) / bytes_per_second_;
    const auto delay = part(random) * std::chrono::duration<double>(network_.most_delay);
    const auto due = std::chrono::duration<double>(seconds) + delay;
    last = std::max(last, std::chrono::duration_cast<std::chrono::nanoseconds>(due));
    PatientClock::sleep(begin + last - PatientClock::now());
    if (part(random) < network_.loss && seconds > 1) {
      ++n_lost_;
      continue;
    }
    const std::size_t n = std::min(kDatagram, stream_.size() - i);
    ::send(socket_, stream_.data() + i, n, 0);
  }
}

}  // namespace npuwhisper::test
