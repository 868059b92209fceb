#include "coordinator/admission/user_data/testing/user_data_samples.h"

#include <zlib.h>

#include "base/log.h"

namespace innkeeper {
namespace {

using Form = UserDataForm;

constexpr char kMime[] =
    "Content-Type: multipart/mixed; boundary=\"==1==\"\nMIME-Version: 1.0\n\n"
    "--==1==\nContent-Type: text/cloud-config; charset=\"us-ascii\"\nMIME-Version: 1.0\n"
    "Content-Disposition: attachment; filename=\"first.cfg\"\nMerge-Type: list(append)\n\n"
    "hostname: inner\n\n"
    "--==1==\nContent-Type: text/plain\n\n#!/bin/sh\ntouch /inner\n\n--==1==--\n";
constexpr char kSingle[] =
    "MIME-Version: 1.0\nContent-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n"
    "IyEvYmluL3NoCnRydWUK\n";
constexpr char kCut[] =
    "Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n--b\n\n#cloud-config\na: b";

std::string WithCarriageReturns(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

std::vector<UserDataSample> Plain() {
  return {
      {"nothing", "", Form::kNone},
      {"blank", " \r\n\t\n", Form::kNone},
      {"cloud config", "#cloud-config\nruncmd: [touch /x]\n", Form::kCloudConfig},
      {"cloud config without end of line", "#cloud-config\na: b", Form::kCloudConfig},
      {"capitals", "#Cloud-Config\na: b\n", Form::kCloudConfig},
      {"carriage returns", "#cloud-config\r\na: b\r\n", Form::kCloudConfig},
      {"blank lines first", "\n\n  #cloud-config\na: b\n", Form::kCloudConfig},
      {"a tail", "#cloud-config-whatever\na: b\n", Form::kCloudConfig},
      {"launch index", "#cloud-config\nlaunch-index: 3\n", Form::kCloudConfig},
      {"UTF-8", "#cloud-config\nname: \xc3\xa4\xe2\x82\xac\n", Form::kCloudConfig},
      {"not UTF-8", "#!/bin/sh\necho \xff\xfe\n", Form::kScript},
      {"zero bytes", std::string("#!/bin/sh\n\0\0x", 13), Form::kScript},
      {"archive", "#cloud-config-archive\n- content: 'a: b'\n", Form::kCloudConfigArchive},
      {"JSON patch", "#cloud-config-jsonp\n[]\n", Form::kCloudConfigJsonPatch},
      {"script", "#!/bin/sh\necho hello\n", Form::kScript},
      {"python", "#! /usr/bin/env python3\nprint(1)\n", Form::kScript},
      {"include", "#include\nhttp://example.test/x\n", Form::kInclude},
      {"include once", "#include-once http://example.test/x\n", Form::kInclude},
      {"boothook", "#cloud-boothook\n#!/bin/sh\ntrue\n", Form::kBoothook},
      {"jinja", "## template: jinja\n#cloud-config\na: {{ v1.region }}\n", Form::kJinja},
      {"part handler", "#part-handler\ndef list_types(): return []\n", Form::kPartHandler},
  };
}

std::vector<UserDataSample> Mime() {
  const std::string late = "#cloud-config\n# " + std::string(5000, 'x') + "\n# MIME-Version: 1.0\n";
  return {
      {"multipart", kMime, Form::kMime},
      {"multipart, carriage returns", WithCarriageReturns(kMime), Form::kMime},
      {"multipart without its end", kCut, Form::kMime},
      {"single part", kSingle, Form::kMime},
      {"a comment that names MIME", "#cloud-config\n# Mime-Version: 1.0\na: b\n", Form::kMime},
      {"MIME after the window", late, Form::kCloudConfig},
      {"a line like a boundary", std::string(kMime) + "\n--innkeeper-0\n", Form::kMime},
  };
}

std::vector<UserDataSample> LeftAlone() {
  return {
      {"Ignition", R"({"ignition":{"version":"3.4.0"}})", Form::kIgnition},
      {"Talos", "version: v1alpha1\nmachine:\n  type: worker\n", Form::kTalos},
      {"PowerShell", "#ps1_sysnative\nGet-Process\n", Form::kCloudbase},
      {"batch", "rem cmd\necho x\n", Form::kCloudbase},
      {"YAML without a first line", "runcmd: [ls]\n", Form::kUnknown},
      {"comment", "# cloud-config\na: b\n", Form::kUnknown},
      {"byte order mark", "\xef\xbb\xbf#cloud-config\na: b\n", Form::kUnknown},
      {"random", "\x80\x81\x82", Form::kUnknown},
      {"MIME that is not UTF-8", "MIME-Version: 1.0\n\n#!/bin/sh\n\xff\n", Form::kUnknown},
      {"cut gzip", Gzip("#cloud-config\na: b\n").substr(0, 20), Form::kBrokenGzip},
      {"gzip with a tail", Gzip("#!/bin/sh\n") + "tail", Form::kBrokenGzip},
  };
}

void Append(std::vector<UserDataSample>& all, std::vector<UserDataSample> some) {
  for (UserDataSample& sample : some) all.push_back(std::move(sample));
}

}  // namespace

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  IK_CHECK(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  IK_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::vector<UserDataSample> UserDataSamples() {
  std::vector<UserDataSample> all = Plain();
  Append(all, Mime());
  for (UserDataSample sample : std::vector(all)) {
    sample.name += ", gzip";
    sample.bytes = Gzip(sample.bytes);
    all.push_back(std::move(sample));
  }
  Append(all, LeftAlone());
  all.push_back({"gzip of Ignition", Gzip(R"({"ignition":{}})"), Form::kIgnition});
  all.push_back({"gzip in gzip", Gzip(Gzip("#!/bin/sh\n")), Form::kUnknown});
  all.push_back({"two members", Gzip("#cloud-") + Gzip("config\na: b\n"), Form::kCloudConfig});
  all.push_back({"zeros behind", Gzip("#!/bin/sh\n") + std::string(9, '\0'), Form::kScript});
  return all;
}

}  // namespace innkeeper
