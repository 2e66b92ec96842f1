// What node:net cannot set on a socket.
#pragma once

#include <node_api.h>

#include <sys/socket.h>

namespace sockets {

// setReceiveBuffer(fd, bytes) -> number: what the system sets aside for bytes that have come and were not read, of a socket,
// and of every one that a listening socket accepts later. Gives back what it was before, in the system's own count (Linux
// doubles what it is told, for its book-keeping), or -1 when the socket refuses.
inline napi_value SetReceiveBuffer(napi_env env, napi_callback_info info) {
  napi_value args[2];
  size_t count = 2;
  int fd = -1;
  int bytes = 0;
  int before = 0;
  socklen_t length = sizeof before;
  if (napi_get_cb_info(env, info, &count, args, nullptr, nullptr) != napi_ok || count != 2 ||
      napi_get_value_int32(env, args[0], &fd) != napi_ok || napi_get_value_int32(env, args[1], &bytes) != napi_ok) {
    napi_throw_range_error(env, nullptr, "setReceiveBuffer: a socket and a number of bytes");
    return nullptr;
  }
  if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &before, &length) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0) {
    before = -1;
  }
  napi_value result;
  napi_create_int32(env, before, &result);
  return result;
}

}  // namespace sockets
