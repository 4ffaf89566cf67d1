// The process group of libtorch (c10d) for dev.rankspark.distributed.C10d: a store to meet at, a group, a sum. Nothing
// of it is ours but the calls; Gloo and c10d lie in the libtorch_cpu.so that DJL loads, NCCL in the libtorch_cuda.so of
// a CUDA build.
//
// No JNI critical section is held anywhere: a thread that waits here stops no garbage collection.
#define USE_C10D_GLOO
#include <jni.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef RANKSPARK_NCCL
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

// Two symbols that headers of GCC 12 and glibc 2.36 ask for and systems of GCC 8's time lack; as our own they stay in
// here (build.sh exports the functions for Java alone).
namespace std {
void __throw_bad_array_new_length() { throw std::bad_array_new_length(); }
}  // namespace std
extern "C" {
char __libc_single_threaded = 0;  // shared pointers count atomically: there is a JVM around us
}

namespace {

using Works = std::vector<c10::intrusive_ptr<c10d::Work>>;

struct Group {
  c10::intrusive_ptr<c10d::Store> store;  // outlives the backend, which is destroyed first
  c10::intrusive_ptr<c10d::Backend> backend;
  std::chrono::milliseconds timeout;
};

using StorePointer = c10::intrusive_ptr<c10d::TCPStore>;

// Runs a body. std::invalid_argument, which is ours, becomes an IllegalArgumentException; whatever else it throws a
// java.io.IOException.
template <typename Body>
auto guarded(JNIEnv* env, Body body) -> decltype(body()) {
  std::string message;
  const char* type = "java/io/IOException";
  try {
    return body();
  } catch (const std::invalid_argument& e) {
    type = "java/lang/IllegalArgumentException";
    message = e.what();
  } catch (const c10::Error& e) {
    message = e.what_without_backtrace();
  } catch (const std::exception& e) {
    message = e.what();
  } catch (...) {
    message = "an exception without a message";
  }
  env->ThrowNew(env->FindClass(type), message.c_str());
  return decltype(body())();
}

std::string text(JNIEnv* env, jstring string) {
  const char* chars = env->GetStringUTFChars(string, nullptr);
  if (chars == nullptr) {
    throw std::bad_alloc();
  }
  std::string copy(chars);
  env->ReleaseStringUTFChars(string, chars);
  return copy;
}

c10::intrusive_ptr<c10d::Backend> gloo_backend(
    const StorePointer& store, const std::string& host, int rank, int size, std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  try {
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(host));
  } catch (const std::exception&) {
    throw std::invalid_argument("this machine has no address " + host);
  }
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options);
}

c10::intrusive_ptr<c10d::Backend> nccl_backend(
    [[maybe_unused]] const StorePointer& store, [[maybe_unused]] int rank, [[maybe_unused]] int size,
    [[maybe_unused]] std::chrono::milliseconds timeout) {
#ifdef RANKSPARK_NCCL
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
#else
  throw std::invalid_argument("librankspark_distributed.so is built without NCCL");
#endif
}

void sum(Group& group, const at::Tensor& tensor, int64_t bucket) {
  if (!tensor.is_contiguous()) {
    throw std::invalid_argument("the array is a view with gaps; it must be contiguous");
  }
  at::NoGradGuard no_grad;
  const bool on_cpu = tensor.is_cpu();
  // Gloo has the timeout from its options; NCCL blocks, and throws, only when given one here.
  const auto timeout = on_cpu ? kNoTimeout : group.timeout;
  const at::Tensor flat = tensor.view({-1});
  Works works;
  try {
    for (int64_t begin = 0; begin < flat.numel(); begin += bucket) {
      std::vector<at::Tensor> part{flat.narrow(0, begin, std::min(bucket, flat.numel() - begin))};
      works.push_back(group.backend->allreduce(part));
    }
    if (on_cpu) {
      // A rank that has its sum may leave at once: only after the others have read what it sent.
      works.push_back(group.backend->barrier());
    }
    for (const auto& work : works) {
      work->wait(timeout);
    }
  } catch (...) {
#ifdef RANKSPARK_NCCL
    if (auto* nccl = dynamic_cast<c10d::ProcessGroupNCCL*>(group.backend.get())) {
      nccl->abort();
    }
#endif
    // They write into the caller's array: none may outlive the call. With Gloo each bucket of a ring touches both
    // neighbours, so next to a lost one all end at once; the others end when their neighbours close (ProcessGroup).
    for (const auto& work : works) {
      try {
        work->wait(timeout);
      } catch (const std::exception&) {
        // the first one is told
      }
    }
    throw;
  }
}

}  // namespace

extern "C" {

JNIEXPORT jlong JNICALL Java_dev_rankspark_distributed_C10d_openStore(
    JNIEnv* env, jclass, jstring host, jint port, jlong timeoutMillis) {
  return guarded(env, [&]() -> jlong {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.isServer = true;
    options.waitWorkers = false;
    options.timeout = std::chrono::milliseconds(timeoutMillis);
    return reinterpret_cast<jlong>(
        new StorePointer(c10::make_intrusive<c10d::TCPStore>(text(env, host), options)));
  });
}

JNIEXPORT jint JNICALL Java_dev_rankspark_distributed_C10d_storePort(JNIEnv*, jclass, jlong store) {
  return (*reinterpret_cast<StorePointer*>(store))->getPort();
}

JNIEXPORT void JNICALL Java_dev_rankspark_distributed_C10d_closeStore(JNIEnv*, jclass, jlong store) {
  delete reinterpret_cast<StorePointer*>(store);
}

JNIEXPORT jlong JNICALL Java_dev_rankspark_distributed_C10d_create(
    JNIEnv* env, jclass, jstring storeHost, jint storePort, jstring ownHost, jint rank, jint size,
    jlong timeoutMillis, jstring backend) {
  return guarded(env, [&]() -> jlong {
    const std::chrono::milliseconds timeout(timeoutMillis);
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(storePort);
    options.waitWorkers = false;
    options.timeout = timeout;
    auto store = c10::make_intrusive<c10d::TCPStore>(text(env, storeHost), options);
    auto group = std::make_unique<Group>();
    group->store = store;
    group->backend = text(env, backend) == "nccl"
        ? nccl_backend(store, rank, size, timeout)
        : gloo_backend(store, text(env, ownHost), rank, size, timeout);
    group->timeout = timeout;
    return reinterpret_cast<jlong>(group.release());
  });
}

JNIEXPORT void JNICALL Java_dev_rankspark_distributed_C10d_allReduce(
    JNIEnv* env, jclass, jlong group, jlong tensor, jlong bucket) {
  guarded(env, [&]() {
    sum(*reinterpret_cast<Group*>(group), *reinterpret_cast<at::Tensor*>(tensor), bucket);
  });
}

JNIEXPORT void JNICALL Java_dev_rankspark_distributed_C10d_close(JNIEnv* env, jclass, jlong group) {
  guarded(env, [&]() { delete reinterpret_cast<Group*>(group); });
}

}  // extern "C"
