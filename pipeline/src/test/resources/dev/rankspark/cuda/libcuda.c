/*
 * Stands in for NVIDIA's driver on machines without one: it starts, shows as many GPUs as it is told, and computes
 * nothing. Each setting is an environment variable; -DSTUB_...=N at its compilation is the default.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef STUB_INIT
#define STUB_INIT 0 /* cuInit's error */
#endif
#ifndef STUB_DRIVER
#define STUB_DRIVER 12060 /* the newest CUDA that it knows */
#endif
#ifndef STUB_DEVICES
#define STUB_DEVICES 0
#endif
#ifndef STUB_CAPABILITY
#define STUB_CAPABILITY 80 /* of device 0; each further one has 10 less */
#endif
#ifndef STUB_FREE_MB
#define STUB_FREE_MB 1000 /* of 2,000 */
#endif

#define SETTING(name) setting(#name, name)
#define NO_DEVICE 100
#define NOT_FOUND 500

static int setting(const char *name, int usual) {
  const char *text = getenv(name);
  return text ? atoi(text) : usual;
}

static int start(void) {
  int error = SETTING(STUB_INIT);
  return error ? error : SETTING(STUB_DEVICES) ? 0 : NO_DEVICE;
}

int cuInit(unsigned flags) { return start(); }

int cuDriverGetVersion(int *version) {
  *version = SETTING(STUB_DRIVER);
  return 0;
}

int cuGetErrorName(int error, const char **name) {
  *name = error == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : error == 802 ? "CUDA_ERROR_SYSTEM_NOT_READY" : NULL;
  return *name ? 0 : 1;
}

int cuGetErrorString(int error, const char **text) { return cuGetErrorName(error, text); }

int cuDeviceGetCount(int *count) {
  *count = SETTING(STUB_DEVICES);
  return start();
}

int cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return ordinal < SETTING(STUB_DEVICES) ? 0 : 101;
}

int cuDeviceGetName(char *name, int length, int device) {
  snprintf(name, length, "Stub %d", device);
  return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
  int capability = SETTING(STUB_CAPABILITY) - 10 * device;
  *value = attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : 0;
  return 0;
}

int cuDeviceGetUuid_v2(unsigned char *uuid, int device) {
  memset(uuid, 0xa0 + device, 16);
  return 0;
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
  *context = context;
  return 0;
}

int cuDevicePrimaryCtxRelease_v2(int device) { return 0; }
int cuCtxPushCurrent_v2(void *context) { return 0; }
int cuCtxPopCurrent_v2(void **context) { return 0; }

int cuMemGetInfo_v2(size_t *bytes, size_t *total) {
  *bytes = SETTING(STUB_FREE_MB) * 1000000L;
  *total = 2000 * 1000000L;
  return 0;
}

/* By this CUDA's runtime finds all else. */
int cuGetProcAddress_v2(const char *symbol, void **address, int version, unsigned long flags, int *status) {
  char second[256];
  void *self = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  snprintf(second, sizeof second, "%s_v2", symbol);
  *address = self ? dlsym(self, second) : NULL;
  if (self && !*address) {
    *address = dlsym(self, symbol);
  }
  if (status) {
    *status = *address ? 0 : 1;
  }
  return *address ? 0 : NOT_FOUND;
}

int cuGetProcAddress(const char *symbol, void **address, int version, unsigned long flags) {
  return cuGetProcAddress_v2(symbol, address, version, flags, NULL);
}

/* What libtorch links to and never calls where there is no device. */
#define NOTHING(name) \
  int name(void) { return NO_DEVICE; }
NOTHING(cuCtxGetCurrent)
NOTHING(cuCtxSetCurrent)
NOTHING(cuDevicePrimaryCtxGetState)
NOTHING(cuFuncGetAttribute)
NOTHING(cuFuncSetAttribute)
NOTHING(cuLaunchCooperativeKernel)
NOTHING(cuLaunchKernel)
NOTHING(cuLinkAddData_v2)
NOTHING(cuLinkComplete)
NOTHING(cuLinkCreate_v2)
NOTHING(cuModuleGetFunction)
NOTHING(cuModuleLoadData)
NOTHING(cuModuleLoadDataEx)
NOTHING(cuModuleUnload)
NOTHING(cuOccupancyMaxActiveBlocksPerMultiprocessor)
NOTHING(cuTensorMapEncodeTiled)
