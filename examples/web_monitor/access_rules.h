// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::monitor {

/// Who may read: which names a request may call the server by, and which token it must carry.
/// Reentrant.
class AccessRules {
 public:
  struct Options {
    /// Names and addresses beside those that are the server's anyway.
    std::vector<std::string> hosts{};
    /// Empty: none is asked for.
    std::string token{};
  };

  /// `address` is what the server listens on. Errors: InvalidArgument (a token that is short, or
  /// cannot stand in a URL; a host that is none).
  static Result<AccessRules> create(Options options, const std::string& address);

  /// Whether the request's Host is the server's. A web site that points its own name at this server
  /// (DNS rebinding) has its visitors' browsers send that name, and could read what they get. The
  /// server's are: the address that the connection came to and the one that the server listens on;
  /// localhost and all loopback addresses, for a connection over the loopback; this machine's name,
  /// also with .local, unless the server listens on the loopback only; Options::hosts.
  bool allows_host(SoupServerMessage* message) const;

  /// Whether the request carries the token, as the query's "token" or as "Authorization: Bearer".
  /// Takes as long for one wrong token as for another.
  bool allows_token(SoupServerMessage* message) const;

  /// Whether the server listens on a loopback address.
  bool is_loopback() const { return is_loopback_; }

  /// What follows the path of a request that carries the token; empty without one.
  std::string query() const;

 private:
  AccessRules(Options options, std::string address, bool is_loopback);
  bool is_name_of_server(std::string_view host) const;

  Options options_;
  std::string address_;
  bool is_loopback_;
};

}  // namespace npuwhisper::monitor
