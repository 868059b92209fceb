#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "agent/link/link_stream.h"

namespace innkeeper {

// One call in memory: what the link writes is kept, what the test puts in is read.
class MemoryStream final : public LinkStream {
 public:
  bool Write(const agent::v1::AgentMessage& message) override {
    return Change([&] {
      if (over_) return false;
      written_.push_back(message);
      return true;
    });
  }
  bool Read(agent::v1::CoordinatorMessage& message) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return over_ || !to_read_.empty(); });
    if (to_read_.empty()) return false;
    message = std::move(to_read_.front());
    to_read_.pop_front();
    return true;
  }
  void CloseWrites() override { End(absl::OkStatus()); }
  void Cancel() override { End(absl::CancelledError("cancelled")); }
  absl::Status Finish() override {
    const std::scoped_lock lock(mutex_);
    return status_;
  }

  void Put(agent::v1::CoordinatorMessage message) {
    Change([&] {
      to_read_.push_back(std::move(message));
      return true;
    });
  }
  void End(absl::Status status) {
    Change([&] {
      if (!over_) status_ = std::move(status);
      return over_ = true;
    });
  }
  // Waits until what was written so far satisfies `so`.
  bool Eventually(const std::function<bool(const std::vector<agent::v1::AgentMessage>&)>& so) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return so(written_); });
  }
  bool over() {
    const std::scoped_lock lock(mutex_);
    return over_;
  }

 private:
  template <class F>
  bool Change(F&& change) {
    bool result = false;
    {
      const std::scoped_lock lock(mutex_);
      result = change();
    }
    changed_.notify_all();
    return result;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<agent::v1::AgentMessage> written_;
  std::deque<agent::v1::CoordinatorMessage> to_read_;
  absl::Status status_;
  bool over_ = false;
};

// Answers the link's calls, or not.
class MemoryCoordinator {
 public:
  LinkDialer Dialer() {
    return [this](const std::string& endpoint) -> absl::StatusOr<std::shared_ptr<LinkStream>> {
      auto stream = std::make_shared<MemoryStream>();
      {
        const std::scoped_lock lock(mutex_);
        dialled_.push_back(endpoint);
        if (!answers_) return absl::UnavailableError("down");
        streams_.push_back(stream);
      }
      changed_.notify_all();
      return std::shared_ptr<LinkStream>(stream);
    };
  }
  void Answer(bool answers) {
    const std::scoped_lock lock(mutex_);
    answers_ = answers;
  }
  // The n-th stream that was ever opened, from 0; null if it does not come.
  std::shared_ptr<MemoryStream> Stream(size_t n) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return streams_.size() > n; }))
      return nullptr;
    return streams_[n];
  }
  size_t streams() {
    const std::scoped_lock lock(mutex_);
    return streams_.size();
  }
  std::vector<std::string> dialled() {
    const std::scoped_lock lock(mutex_);
    return dialled_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<MemoryStream>> streams_;
  std::vector<std::string> dialled_;
  bool answers_ = true;
};

}  // namespace innkeeper
