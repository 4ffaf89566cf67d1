// The memory of tensors while a model is trained, for dev.rankspark.model.TrainingMemory. A training step allocates and frees
// many large tensors whose sizes change a little from batch to batch. malloc keeps what it cannot fit again, half as much as a
// step needs; giving it all back would cost as much time as computing. Here a large block that is free is given to the next
// tensor of about its size, and blocks are given back to the system when all of them would be more than a quarter above what
// was ever used at a time.
#include <jni.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

namespace {

constexpr size_t kLarge = 1 << 20;  // smaller ones are malloc's
constexpr size_t kPage = 1 << 16;

class KeepingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t size) override {
    void* block = size < kLarge ? c10::alloc_cpu(size) : take((size + kPage - 1) / kPage * kPage);
    return {block, block, &give, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &give; }

  void copy_data(void* to, const void* from, std::size_t size) const override { default_copy_data(to, from, size); }

  // Gives all that is free back to the system.
  void release() {
    std::lock_guard<std::mutex> lock(mutex_);
    release_down_to(0);
    most_used_ = used_;
  }

 private:
  // A block of a size or up to twice as large: with less to choose from, checkpointing's steps take a third longer.
  void* take(size_t size) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto fitting = free_.lower_bound(size);
    void* block;
    if (fitting != free_.end() && fitting->first <= 2 * size) {
      size = fitting->first;
      block = fitting->second;
      free_.erase(fitting);
    } else {
      size_t most = most_used_ + most_used_ / 4;
      release_down_to(most > size ? most - size : 0);
      block = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      TORCH_CHECK(block != MAP_FAILED, "DefaultCPUAllocator: can't allocate memory: you tried to allocate ", size, " bytes");
      sizes_[block] = size;
      held_ += size;
    }
    used_ += size;
    most_used_ = std::max(most_used_, used_);
    return block;
  }

  // Large blocks first.
  void release_down_to(size_t held) {
    while (!free_.empty() && held_ > held) {
      auto largest = std::prev(free_.end());
      held_ -= largest->first;
      munmap(largest->second, largest->first);
      sizes_.erase(largest->second);
      free_.erase(largest);
    }
  }

  static void give(void* block);

  std::mutex mutex_;
  std::multimap<size_t, void*> free_;
  std::unordered_map<void*, size_t> sizes_;  // of all blocks
  size_t held_ = 0;
  size_t used_ = 0;
  size_t most_used_ = 0;
};

// Never destroyed: tensors may outlive all else.
KeepingAllocator& allocator() {
  static KeepingAllocator* instance = new KeepingAllocator();
  return *instance;
}

void KeepingAllocator::give(void* block) {
  KeepingAllocator& own = allocator();
  if (reinterpret_cast<uintptr_t>(block) % 4096 == 0) {  // as the system gives memory, and malloc seldom
    std::lock_guard<std::mutex> lock(own.mutex_);
    auto large = own.sizes_.find(block);
    if (large != own.sizes_.end()) {
      own.free_.emplace(large->second, block);
      own.used_ -= large->second;
      return;
    }
  }
  c10::free_cpu(block);
}

}  // namespace

// Tensors that are made from now on, in any thread, come from here, or again from malloc.
extern "C" JNIEXPORT void JNICALL Java_dev_rankspark_model_TrainingMemory_keep(JNIEnv*, jclass, jboolean keep) {
  if (keep) {
    c10::SetCPUAllocator(&allocator(), 1);
  } else {
    c10::SetCPUAllocator(c10::GetDefaultCPUAllocator(), 1);
    allocator().release();
  }
}
