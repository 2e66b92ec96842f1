// A file that appears whole, durable and at once, and one that is read whole, in one turn of one thread of libuv's pool: as
// nine calls of node:fs, and four, each of them would be handed over, waited for and woken from.
#pragma once

#include <node_api.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace files {

struct Job {
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref kept = nullptr;  // whose memory must not go while the job runs
};

enum Step { kDone = 0, kWrite = 1, kLink = 2, kSettle = 3 };

struct Creation : Job {
  std::string scratch, path, folder;
  std::vector<iovec> slices;
  Step step = kDone;
  int error = 0;
};

// What a reading came to besides its bytes; above 0, the system's error number.
enum { kRead = 0, kLong = -1, kShorter = -2 };

struct Reading : Job {
  std::string path;
  int64_t bytes_max = 0;
  std::unique_ptr<uint8_t[]> bytes;
  size_t length = 0;
  int outcome = kRead;
};

// 0 or an error number. What the system calls durable, and on macOS what reaches the medium (as Node's fsync does).
inline int synced(int file) {
#if defined(F_FULLFSYNC)
  if (fcntl(file, F_FULLFSYNC) == 0) return 0;
#endif
  int result;
  do result = fsync(file);
  while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

inline int write_all(int file, std::vector<iovec>& slices) {
  constexpr size_t kSlicesMax = 1024;  // IOV_MAX on Linux and macOS
  off_t position = 0;
  for (size_t first = 0; first < slices.size();) {
    size_t count = slices.size() - first < kSlicesMax ? slices.size() - first : kSlicesMax;
    ssize_t taken = pwritev(file, &slices[first], static_cast<int>(count), position);
    if (taken < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    position += taken;
    // The system may take less than it was given.
    size_t left = static_cast<size_t>(taken);
    while (first < slices.size() && left >= slices[first].iov_len) left -= slices[first++].iov_len;
    if (left > 0) {
      slices[first].iov_base = static_cast<char*>(slices[first].iov_base) + left;
      slices[first].iov_len -= left;
    }
  }
  return 0;
}

inline int sync_folder(const std::string& path) {
  int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return errno;
  int error = synced(folder);
  close(folder);
  return error;
}

inline void create(Creation& creation) {
  int file = open(creation.scratch.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) {
    creation.step = kWrite;
    creation.error = errno;
    return;
  }
  int error = write_all(file, creation.slices);
  if (error == 0) error = synced(file);
  if (close(file) != 0 && error == 0 && errno != EINTR) error = errno;
  creation.step = kWrite;
  if (error == 0) {
    creation.step = kLink;
    if (link(creation.scratch.c_str(), creation.path.c_str()) != 0) error = errno;
  }
  // Also when the name was taken: whoever made it may not have got as far, and what is said to be there must stay there.
  if (creation.step == kLink && (error == 0 || error == EEXIST)) {
    int unsettled = sync_folder(creation.folder);
    if (unsettled != 0) {
      creation.step = kSettle;
      error = unsettled;
    }
  }
  // One that cannot be removed costs space, nothing else, until the next start.
  unlink(creation.scratch.c_str());
  creation.error = error;
  if (error == 0) creation.step = kDone;
}

// What an open file holds, as it is long at first: what is added meanwhile is not read.
inline int read_all(int file, Reading& reading) {
  struct stat status;
  if (fstat(file, &status) != 0) return errno;
  if (status.st_size > reading.bytes_max) return kLong;
  reading.length = static_cast<size_t>(status.st_size);
  reading.bytes.reset(new (std::nothrow) uint8_t[reading.length]);
  if (reading.bytes == nullptr) return ENOMEM;
  for (size_t done = 0; done < reading.length;) {
    ssize_t count = pread(file, &reading.bytes[done], reading.length - done, static_cast<off_t>(done));
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    if (count == 0) return kShorter;
    done += static_cast<size_t>(count);
  }
  return kRead;
}

inline void read(Reading& reading) {
  int file;
  do file = open(reading.path.c_str(), O_RDONLY | O_CLOEXEC);
  while (file < 0 && errno == EINTR);
  if (file < 0) {
    reading.outcome = errno;
    return;
  }
  reading.outcome = read_all(file, reading);
  if (close(file) != 0 && reading.outcome == kRead && errno != EINTR) reading.outcome = errno;
}

// No path with a zero in it: the system would take it for a shorter one.
inline bool text_of(napi_env env, napi_value value, std::string& text) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  text.resize(length);
  return napi_get_value_string_utf8(env, value, &text[0], length + 1, &length) == napi_ok &&
         text.find('\0') == std::string::npos;
}

inline bool slices_of(napi_env env, napi_value value, std::vector<iovec>& slices) {
  uint32_t count;
  if (napi_get_array_length(env, value, &count) != napi_ok) return false;
  for (uint32_t i = 0; i < count; i++) {
    napi_value slice;
    napi_typedarray_type type;
    void* data;
    size_t length;
    if (napi_get_element(env, value, i, &slice) != napi_ok ||
        napi_get_typedarray_info(env, slice, &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array) {
      return false;
    }
    if (length > 0) slices.push_back({data, length});
  }
  return true;
}

template <typename Kind>
void release(napi_env env, Kind* job) {
  if (job->work != nullptr) napi_delete_async_work(env, job->work);
  if (job->kept != nullptr) napi_delete_reference(env, job->kept);
  delete job;
}

// The promise of a job's end. From here on the job sees to its own release, which `ended` does, also when it cannot begin.
template <typename Kind>
napi_value begin(napi_env env, Kind* job, bool ready, const char* usage, napi_async_execute_callback run,
                 napi_async_complete_callback ended) {
  napi_value promise, name;
  if (!ready || napi_create_promise(env, &job->deferred, &promise) != napi_ok ||
      napi_create_string_utf8(env, usage, NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, nullptr, name, run, ended, job, &job->work) != napi_ok ||
      napi_queue_async_work(env, job->work) != napi_ok) {
    release(env, job);
    napi_throw_type_error(env, nullptr, usage);
    return nullptr;
  }
  return promise;
}

inline void created(napi_env env, napi_status status, void* data) {
  Creation* creation = static_cast<Creation*>(data);
  // Cancelled: the thread that asked is gone.
  if (status == napi_ok) {
    napi_value result;
    napi_create_int32(env, creation->step * 65536 + creation->error, &result);
    napi_resolve_deferred(env, creation->deferred, result);
  }
  release(env, creation);
}

// createWhole(scratch, path, folder, slices) -> Promise of 0, or the step that failed * 65536 + the error number
inline napi_value CreateWhole(napi_env env, napi_callback_info info) {
  napi_value args[4];
  size_t count = 4;
  Creation* creation = new Creation();
  bool ready = napi_get_cb_info(env, info, &count, args, nullptr, nullptr) == napi_ok && count == 4 &&
               text_of(env, args[0], creation->scratch) && text_of(env, args[1], creation->path) &&
               text_of(env, args[2], creation->folder) && slices_of(env, args[3], creation->slices) &&
               napi_create_reference(env, args[3], 1, &creation->kept) == napi_ok;
  auto run = [](napi_env, void* data) { create(*static_cast<Creation*>(data)); };
  return begin(env, creation, ready, "createWhole(scratch, path, folder, slices)", run, created);
}

// The memory of JavaScript is made by its own thread, so what the job read is copied. False when the thread is about to go.
inline bool bytes_to(napi_env env, const Reading& reading, napi_value* result) {
  napi_value memory;
  void* data;
  if (napi_create_arraybuffer(env, reading.length, &data, &memory) != napi_ok) return false;
  if (reading.length > 0) memcpy(data, reading.bytes.get(), reading.length);
  return napi_create_typedarray(env, napi_uint8_array, reading.length, memory, 0, result) == napi_ok;
}

inline void was_read(napi_env env, napi_status status, void* data) {
  Reading* reading = static_cast<Reading*>(data);
  // Cancelled: the thread that asked is gone.
  if (status == napi_ok) {
    napi_value result;
    bool made = reading->outcome == kRead ? bytes_to(env, *reading, &result)
                                          : napi_create_int32(env, reading->outcome, &result) == napi_ok;
    if (made) napi_resolve_deferred(env, reading->deferred, result);
  }
  release(env, reading);
}

// readWhole(path, bytesMax) -> Promise of its bytes, or of -1: it is longer; -2: it became shorter; or the error number
inline napi_value ReadWhole(napi_env env, napi_callback_info info) {
  napi_value args[2];
  size_t count = 2;
  Reading* reading = new Reading();
  bool ready = napi_get_cb_info(env, info, &count, args, nullptr, nullptr) == napi_ok && count == 2 &&
               text_of(env, args[0], reading->path) &&
               napi_get_value_int64(env, args[1], &reading->bytes_max) == napi_ok && reading->bytes_max >= 0 &&
               reading->bytes_max <= INT_MAX;
  auto run = [](napi_env, void* data) { read(*static_cast<Reading*>(data)); };
  return begin(env, reading, ready, "readWhole(path, bytesMax)", run, was_read);
}

}  // namespace files
